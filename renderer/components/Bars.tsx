/** Seven days as seven bars and their sum. */
import { useText } from '../i18n/text.tsx';
import css from './Bars.module.css';

const tallest = 14;

export function Bars({ days }: { days: readonly number[] }) {
  const text = useText();
  const most = Math.max(4, ...days);
  const sum = days.reduce((total, day) => total + day, 0);
  return (
    <span className={css.bars} title={text('bars.title', { days: days.join(', ') })}>
      <span className={css.days} aria-hidden="true">
        {days.map((day, at) => (
          <span
            key={at}
            className={day === 0 ? css.none : css.day}
            style={{ height: day === 0 ? 2 : 3 + Math.round((day / most) * (tallest - 3)) }}
          />
        ))}
      </span>
      {sum}
    </span>
  );
}
