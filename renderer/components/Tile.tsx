/** Choices that need a word of explanation: one of them (`Tiles` with `Tile` of the same `group`), or each by itself. */
import type { ReactNode } from 'react';
import css from './Tile.module.css';

/** `label`: what is chosen, for those who hear it; where one of several is, they are radio buttons. */
export function Tiles({
  label,
  one = false,
  children,
}: {
  label?: string;
  one?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={css.tiles} aria-label={label} role={one ? 'radiogroup' : 'group'}>
      {children}
    </div>
  );
}

interface Parts {
  on: boolean;
  onChange: (on: boolean) => void;
  title: ReactNode;
  means: ReactNode;
  /** The name of the radio buttons it is one of; without it a tick box. */
  group?: string;
}

export function Tile({ on, onChange, title, means, group }: Parts) {
  return (
    <label className={css.tile}>
      <input
        type={group === undefined ? 'checkbox' : 'radio'}
        name={group}
        className={group === undefined ? css.box : css.round}
        checked={on}
        onChange={event => onChange(event.target.checked)}
      />
      <span className={group === undefined ? undefined : css.name}>
        {title}
        <small>{means}</small>
      </span>
    </label>
  );
}
