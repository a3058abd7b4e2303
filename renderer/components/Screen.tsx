/** The frame of a screen other than the VM list: title, actions, and a body that scrolls. */
import type { ReactNode } from 'react';
import css from './Screen.module.css';

export function Screen({
  title,
  actions,
  children,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={css.screen}>
      <header className={css.head}>
        <h1>{title}</h1>
        <div className={css.actions}>{actions}</div>
      </header>
      <div className={css.body}>{children}</div>
    </div>
  );
}

/** What a screen says when there is nothing to show, and what to do about it. */
export function Empty({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
