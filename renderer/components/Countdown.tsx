/** What is left until an end, second by second, in the cloud's time. The end itself is in the title. */
import { useIntl } from 'react-intl';
import { absoluteTime, countdown } from '../i18n/time.ts';
import { useClockAhead } from '../state/accounts.ts';
import { useNow } from '../state/clock.ts';

export function Countdown({ endsAt, account }: { endsAt: string; account: string }) {
  const intl = useIntl();
  const now = useNow() - useClockAhead(account);
  const end = Date.parse(endsAt);
  return (
    <time dateTime={endsAt} title={absoluteTime(intl, end)}>
      {countdown(end - now)}
    </time>
  );
}
