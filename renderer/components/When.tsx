/** An instant, told as people do; the whole time is in the title. */
import { useIntl } from 'react-intl';
import { useText } from '../i18n/text.tsx';
import { absoluteTime, clockTime, relativeTime } from '../i18n/time.ts';
import { useNow } from '../state/clock.ts';

/** `ago`: how long ago · `clock`: the time of day, with its day when that is not today. */
export function When({ at, as = 'ago' }: { at: string; as?: 'ago' | 'clock' }) {
  const intl = useIntl();
  const text = useText();
  const now = useNow();
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={absoluteTime(intl, instant)}>
      {as === 'ago' ? relativeTime(intl, text, instant, now) : clockTime(intl, instant, now)}
    </time>
  );
}
