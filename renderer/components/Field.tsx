/** A labelled text field with its hint and, when something is wrong with it, the error right there. */
import { type ComponentProps, useId } from 'react';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from './ErrorNote.tsx';
import css from './Field.module.css';

interface Extras {
  label: string;
  hint?: string | undefined;
  error?: ErrorData | undefined;
  /** Addresses, keys, commands: fixed-width. */
  code?: boolean;
}

export function Field({ label, hint, error, code = false, ...input }: ComponentProps<'input'> & Extras) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(
    Boolean,
  );
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={`${css.input} ${code ? css.code : ''}`}
        aria-invalid={error !== undefined}
        aria-describedby={described.length > 0 ? described.join(' ') : undefined}
        autoComplete="off"
        spellCheck={false}
        {...input}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className={css.hint}>
          {hint}
        </p>
      )}
      {error !== undefined && <ErrorNote id={`${id}-error`} error={error} />}
    </div>
  );
}
