/** A part of a pane or dialog under a small heading. */
import type { ReactNode } from 'react';
import css from './Section.module.css';

interface Parts {
  title: ReactNode;
  /** Level of the heading: 2 directly under a screen's title, 3 in panes and dialogs. */
  level?: 2 | 3;
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, level = 3, aside, children }: Parts) {
  const Heading = level === 2 ? 'h2' : 'h3';
  return (
    <section className={css.section}>
      <header>
        <Heading>{title}</Heading>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Names and values, one pair a line. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={css.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
