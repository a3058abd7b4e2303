/** A filter that is on or off. */
import { Toggle } from '@base-ui/react/toggle';
import type { ReactNode } from 'react';
import css from './Chip.module.css';

export function Chip({
  on,
  onChange,
  children,
}: {
  on: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Toggle className={css.chip} pressed={on} onPressedChange={onChange}>
      {children}
    </Toggle>
  );
}

/** One of a few: like radio buttons, drawn as chips. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value | undefined;
  options: readonly { value: Value; label: ReactNode }[];
  onChange: (value: Value) => void;
}) {
  return (
    <fieldset className={css.choice} aria-label={label}>
      {options.map(option => (
        <Chip key={option.value} on={option.value === value} onChange={() => onChange(option.value)}>
          {option.label}
        </Chip>
      ))}
    </fieldset>
  );
}
