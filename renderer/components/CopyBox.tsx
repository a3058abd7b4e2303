/** A command or path to take along, with a button that copies it. */
import { showName } from '../../shared/domain/hostile.ts';
import { useText } from '../i18n/text.tsx';
import { act, say } from '../state/toasts.ts';
import { IconButton } from './Button.tsx';
import css from './CopyBox.module.css';

export function CopyBox({ text: content, label }: { text: string; label: string }) {
  const text = useText();
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(content);
    say(text('copied'));
  };
  return (
    <div className={css.box}>
      <code>
        <bdi>{showName(content)}</bdi>
      </code>
      <IconButton icon="copy" label={label} onClick={() => act(copy)} />
    </div>
  );
}
