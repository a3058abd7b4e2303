/** When the list was last read from the clouds, and the way to read it now. Failed scopes are named in their group. */
import { useIntl } from 'react-intl';
import { Button } from '../components/Button.tsx';
import { useText } from '../i18n/text.tsx';
import { absoluteTime, relativeTime } from '../i18n/time.ts';
import { broker } from '../state/broker.ts';
import { useNow } from '../state/clock.ts';
import { act } from '../state/toasts.ts';
import { useVms } from '../state/vms.ts';
import css from './RefreshButton.module.css';

export function RefreshButton() {
  const text = useText();
  const intl = useIntl();
  const now = useNow();
  const scopes = useVms(state => state.scopes);
  const busy = scopes.filter(({ state }) => state === 'refreshing' || state === 'never').length;
  // The list is as old as its oldest part.
  const oldest = scopes
    .map(({ refreshedAt }) => refreshedAt)
    .filter(at => at !== undefined)
    .toSorted()
    .at(0);
  const label = (): string => {
    if (busy > 0) return text('vms.refreshing', { done: scopes.length - busy, all: scopes.length });
    if (oldest === undefined) return text('vms.refresh');
    return text('vms.refreshed', { time: relativeTime(intl, text, Date.parse(oldest), now) });
  };
  return (
    <Button
      icon="refresh"
      disabled={busy > 0}
      title={oldest === undefined ? undefined : absoluteTime(intl, Date.parse(oldest))}
      onClick={() => act(() => broker().vms.refresh({}))}
    >
      <span className={css.word}>{label()}</span>
    </Button>
  );
}
