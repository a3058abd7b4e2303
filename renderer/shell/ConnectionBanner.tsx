/** Says when the broker does not answer, since when, and what that means for open doors. */
import { useIntl } from 'react-intl';
import { Icon } from '../components/icons.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { useConnection } from '../state/broker.ts';
import { useNow } from '../state/clock.ts';
import css from './ConnectionBanner.module.css';

/** A connection that takes this long is worth a word. */
const patienceMs = 1_500;

export function ConnectionBanner() {
  const { state, since } = useConnection();
  return state === 'up' || state === 'refused' ? null : <Waiting state={state} since={since} />;
}

function Waiting({ state, since }: { state: 'connecting' | 'lost'; since: number }) {
  const intl = useIntl();
  const text = useText();
  const waited = useNow() - since;
  if (state === 'connecting' && waited < patienceMs) return null;
  return (
    <output className={css.banner}>
      <Icon name="warn" size={16} />
      <span>
        <strong>{text(`connection.${state}`)}</strong>
        <span className={css.means}>{text('connection.means')}</span>
      </span>
      <span className={css.since}>
        {text('connection.since', {
          time: duration(intl, Math.max(1_000, Math.floor(waited / 1_000) * 1_000)),
        })}
      </span>
    </output>
  );
}
