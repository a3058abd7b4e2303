/** The open doors, along the bottom of every screen: what is open, how long still, and the way to shut it. */
import { useIntl } from 'react-intl';
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { liveGrants } from '../../shared/domain/live.ts';
import { Button } from '../components/Button.tsx';
import { Countdown } from '../components/Countdown.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { extend, extendStepMs, revoke } from '../grants/actions.ts';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { useClockAhead } from '../state/accounts.ts';
import { useNow } from '../state/clock.ts';
import { useGrants } from '../state/grants.ts';
import { openDialog } from '../state/view.ts';
import css from './Doors.module.css';

/** How much of a grant's time is left, as the line under the door. */
function Left({ grant }: { grant: Grant }) {
  const now = useNow() - useClockAhead(grant.account);
  const end = Date.parse(grant.endsAt);
  const whole = end - Date.parse(grant.openedAt ?? grant.requestedAt);
  const part = whole > 0 ? Math.max(0, Math.min(1, (end - now) / whole)) : 0;
  return <span className={css.left} style={{ transform: `scaleX(${part})` }} aria-hidden="true" />;
}

function Door({ grant }: { grant: Grant }) {
  const intl = useIntl();
  const text = useText();
  const name = showName(grant.vmName);
  const stuck = grant.state === 'stuck';
  const open = grant.state === 'open' || grant.state === 'extending';
  return (
    <li className={stuck ? `${css.door} ${css.stuck}` : css.door}>
      <Icon name={stuck ? 'stop' : 'door'} size={16} />
      <b className={css.name}>
        <Name clip>{grant.vmName}</Name>
      </b>
      <small>{grant.ports.map(({ port }) => port).join(' ')}</small>
      {open ? (
        <Countdown endsAt={grant.endsAt} account={grant.account} />
      ) : (
        text(`grant.state.${grant.state}`)
      )}
      {open && (
        <button
          type="button"
          aria-label={text('grant.extend.of', { name })}
          onClick={() => extend(grant, text, intl)}
        >
          {text('grant.extend', { time: duration(intl, extendStepMs) })}
        </button>
      )}
      {(open || stuck) && (
        <button
          type="button"
          aria-label={text('grant.revoke.of', { name })}
          onClick={() => revoke(grant, text)}
        >
          {text(stuck ? 'grant.retry' : 'grant.revoke')}
        </button>
      )}
      {open && <Left grant={grant} />}
    </li>
  );
}

export function Doors() {
  const text = useText();
  const grants = liveGrants(useGrants(state => state.byId).values());
  if (grants.length === 0) return null;
  const byCloud = grants.filter(grant => grant.endedBy === 'cloud').length;
  const note =
    byCloud === 0 ? text('doors.computer') : text('doors.cloud', { count: byCloud, all: grants.length });
  return (
    <footer className={css.doors} aria-label={text('doors.label')}>
      <ul className={css.list}>
        {grants.map(grant => (
          <Door key={grant.id} grant={grant} />
        ))}
      </ul>
      <span className={css.note} title={note}>
        {note}
      </span>
      <Button onClick={() => openDialog({ kind: 'revoke-all' })}>{text('grant.revokeAll')}</Button>
    </footer>
  );
}
