/** Buttons. `primary`: what Enter does on this screen; one at most. `danger`: ends or widens something. */
import type { ComponentProps } from 'react';
import css from './Button.module.css';
import { Icon, type IconName } from './icons.tsx';

interface Look {
  look?: 'plain' | 'primary' | 'danger' | 'quiet';
  small?: boolean;
  icon?: IconName;
}

export function Button({
  look = 'plain',
  small = false,
  icon,
  children,
  className,
  ...rest
}: ComponentProps<'button'> & Look) {
  const classes = [css.button, css[look], small && css.small, className].filter(Boolean).join(' ');
  return (
    <button type="button" className={classes} {...rest}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only an icon; its label is spoken and shown as title. */
export function IconButton({
  icon,
  label,
  ...rest
}: Omit<ComponentProps<'button'>, 'children'> & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      className={`${css.button} ${css.quiet} ${css.icon}`}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
