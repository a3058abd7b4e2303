/** Grants as a table: live ones with their actions, past ones with their end. */
import { useIntl } from 'react-intl';
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { GrantBadge } from '../components/Badge.tsx';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import { sourcesText } from '../i18n/source.ts';
import { Text, useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { extend, extendStepMs, revoke } from './actions.ts';
import css from './GrantTable.module.css';

function Actions({ grant }: { grant: Grant }) {
  const intl = useIntl();
  const text = useText();
  const name = showName(grant.vmName);
  return (
    <div className={css.actions}>
      {grant.state === 'open' && (
        <Button
          small
          aria-label={text('grant.extend.of', { name })}
          onClick={() => extend(grant, text, intl)}
        >
          {text('grant.extend', { time: duration(intl, extendStepMs) })}
        </Button>
      )}
      <Button small aria-label={text('grant.revoke.of', { name })} onClick={() => revoke(grant, text)}>
        {text(grant.state === 'stuck' ? 'grant.retry' : 'grant.revoke')}
      </Button>
    </div>
  );
}

function GrantLine({ grant, live }: { grant: Grant; live: boolean }) {
  const text = useText();
  const columns = live ? 6 : 5;
  return (
    <>
      <tr>
        <th scope="row">
          <Name clip>{grant.vmName}</Name>
        </th>
        <td>
          <GrantBadge grant={grant} />
        </td>
        <td>{grant.ports.map(({ port }) => port).join(' ')}</td>
        <td>
          <Name clip>{sourcesText(grant.sources)}</Name>
        </td>
        <td>
          {live ? (
            <Text
              id={`grant.endedBy.${grant.endedBy}`}
              values={{ time: <When at={grant.endsAt} as="clock" /> }}
            />
          ) : (
            <When at={grant.closedAt ?? grant.requestedAt} />
          )}
          <small>
            <Name clip>{grant.reason ?? grant.owner}</Name>
          </small>
        </td>
        {live && (
          <td>
            <Actions grant={grant} />
          </td>
        )}
      </tr>
      {(grant.error !== undefined || grant.notes.length > 0) && (
        <tr className={css.words}>
          <td colSpan={columns}>
            {grant.error !== undefined && <ErrorNote error={grant.error} />}
            {grant.state === 'stuck' && <p>{text('grant.stuck.means')}</p>}
            {grant.notes.map(note => (
              <p key={note}>
                <Name>{note}</Name>
              </p>
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

export function GrantTable({
  grants,
  label,
  live,
}: {
  grants: readonly Grant[];
  label: string;
  live: boolean;
}) {
  const text = useText();
  const heads = [
    'grants.vm',
    'grants.state',
    'grants.ports',
    'grants.source',
    live ? 'grants.ends' : 'grants.ended',
  ] as const;
  return (
    <div className={css.scroll}>
      <table className={css.grants} aria-label={label}>
        <thead>
          <tr>
            {heads.map(id => (
              <th key={id} scope="col">
                {text(id)}
              </th>
            ))}
            {live && <th scope="col">{text('grants.actions')}</th>}
          </tr>
        </thead>
        <tbody>
          {grants.map(grant => (
            <GrantLine key={grant.id} grant={grant} live={live} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
