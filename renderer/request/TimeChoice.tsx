/** How long: quick choices and a slider, both up to the policy's maximum; and when that would be. */
import { Slider } from '@base-ui/react/slider';
import { useIntl } from 'react-intl';
import type { ErrorData } from '../../shared/errors.ts';
import { Choice } from '../components/Chip.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { clockTime, duration } from '../i18n/time.ts';
import { useNow } from '../state/clock.ts';
import css from './choices.module.css';

const minuteMs = 60_000;
const quick = [15 * minuteMs, 60 * minuteMs, 180 * minuteMs];

interface Parts {
  value: number;
  maxMs: number;
  onChange: (ms: number) => void;
  error: ErrorData | undefined;
}

export function TimeChoice({ value, maxMs, onChange, error }: Parts) {
  const intl = useIntl();
  const text = useText();
  const now = useNow();
  const steps = Math.max(1, Math.floor(maxMs / (5 * minuteMs)));
  const options = [
    ...quick.filter(ms => ms < maxMs).map(ms => ({ value: String(ms), label: duration(intl, ms) })),
    { value: String(maxMs), label: text('request.max', { time: duration(intl, maxMs) }) },
  ];
  return (
    <Section title={text('request.time')} aside={<b>{duration(intl, value)}</b>}>
      <div className={css.time}>
        <Choice
          label={text('request.time')}
          value={String(value)}
          options={options}
          onChange={ms => onChange(Number(ms))}
        />
        <Slider.Root
          className={css.slider}
          min={Math.min(5, maxMs / minuteMs)}
          max={maxMs / minuteMs}
          step={steps > 1 ? 5 : 1}
          value={value / minuteMs}
          onValueChange={minutes => onChange(Math.min(maxMs, Math.round(minutes) * minuteMs))}
        >
          <Slider.Control className={css.control}>
            <Slider.Track className={css.track}>
              <Slider.Indicator className={css.filled} />
              <Slider.Thumb
                className={css.thumb}
                getAriaLabel={() => text('request.time')}
                getAriaValueText={() => duration(intl, value)}
              />
            </Slider.Track>
          </Slider.Control>
        </Slider.Root>
      </div>
      <p className={css.hint}>{text('request.until', { time: clockTime(intl, now + value, now) })}</p>
      {error !== undefined && <ErrorNote error={error} />}
    </Section>
  );
}
