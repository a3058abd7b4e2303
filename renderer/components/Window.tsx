/** A dialog above the window: a title, what it is about, and its actions at the foot. Escape shuts it. */
import { Dialog } from '@base-ui/react/dialog';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';
import { useText } from '../i18n/text.tsx';
import { closeDialog } from '../state/view.ts';
import { IconButton } from './Button.tsx';
import css from './Window.module.css';

interface Parts {
  title: ReactNode;
  about?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** Enter does the dialog's main action also while nothing in it has the keyboard. */
function submit(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
  event.preventDefault();
  event.currentTarget.querySelector('form')?.requestSubmit();
}

export function Window({ title, about, wide = false, children }: Parts) {
  const text = useText();
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open onOpenChange={open => open || closeDialog()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={css.scrim} />
        <Dialog.Viewport className={css.viewport}>
          <Dialog.Popup
            ref={popup}
            initialFocus={popup}
            className={`${css.popup} ${wide ? css.wide : ''}`}
            onKeyDown={submit}
          >
            <header className={css.head}>
              <div className={css.titles}>
                <Dialog.Title className={css.title}>{title}</Dialog.Title>
                {about !== undefined && (
                  <Dialog.Description className={css.about}>{about}</Dialog.Description>
                )}
              </div>
              <Dialog.Close render={<IconButton icon="close" label={text('close')} />} />
            </header>
            {children}
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The scrolling middle of a dialog. */
export function WindowBody({ children }: { children: ReactNode }) {
  // Scrolls by itself, so the keyboard must reach it.
  return <div className={css.body}>{children}</div>;
}

/** The foot of a dialog: what will happen at the left, the buttons at the right. */
export function WindowFoot({ note, children }: { note?: ReactNode; children: ReactNode }) {
  return (
    <footer className={css.foot}>
      <div className={css.footNote}>{note}</div>
      {children}
    </footer>
  );
}
