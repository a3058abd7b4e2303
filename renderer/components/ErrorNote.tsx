/** An error as people need it: what happened, what to do, and a way to do it. Never a bare code. */
import type { ReactNode } from 'react';
import type { ErrorData } from '../../shared/errors.ts';
import css from './ErrorNote.module.css';
import { Icon } from './icons.tsx';
import { Name } from './Name.tsx';

export function ErrorNote({ error, id, children }: { error: ErrorData; id?: string; children?: ReactNode }) {
  return (
    <div className={css.note} id={id} role="alert">
      <Icon name="warn" />
      <div className={css.words}>
        <strong>
          <Name>{error.message}</Name>
        </strong>
        {error.fix !== undefined && (
          <p>
            <Name>{error.fix}</Name>
          </p>
        )}
        {children !== undefined && <div className={css.actions}>{children}</div>}
      </div>
    </div>
  );
}
