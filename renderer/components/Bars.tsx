/** Approved requests of seven days as seven bars, and their sum in words. `from`: where they are known from, in words. */
import { useText } from '../i18n/text.tsx';
import css from './Bars.module.css';

const tallest = 14;

export function Bars({ days, from }: { days: readonly number[]; from: string }) {
  const text = useText();
  const most = Math.max(4, ...days);
  const sum = days.reduce((total, day) => total + day, 0);
  return (
    <span className={css.bars} title={`${text('bars.title', { days: days.join(', ') })}\n${from}`}>
      <span className={css.days} aria-hidden="true">
        {days.map((day, at) => (
          <span
            key={at}
            className={day === 0 ? css.none : css.day}
            style={{ height: day === 0 ? 2 : 3 + Math.round((day / most) * (tallest - 3)) }}
          />
        ))}
      </span>
      <span>{text('bars.sum', { count: sum })}</span>
    </span>
  );
}
