/** What pressing Open would write, VM by VM, in the broker's own words. */
import type { VmRow } from '../../shared/contract/vms.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import css from './Lists.module.css';
import type { Preview } from './useRequest.ts';

interface Parts {
  preview: Preview | undefined;
  rows: readonly VmRow[];
  showFailures: boolean;
}

export function PreviewList({ preview, rows, showFailures }: Parts) {
  const text = useText();
  if (preview === undefined) return <p className={css.quiet}>{text('request.preview.none')}</p>;
  const nameOf = (vm: string): string => rows.find(({ id }) => id === vm)?.name ?? vm;
  return (
    <ul className={css.list} aria-live="polite">
      {preview.previews.map(({ vm, vmName, writes, notes }) => (
        <li key={vm} className={css.item}>
          {rows.length > 1 && (
            <b>
              <Name>{vmName}</Name>
            </b>
          )}
          <ul>
            {writes.map(write => (
              <li key={write} className={css.write}>
                <Icon name="plus" size={12} />
                <Name>{write}</Name>
              </li>
            ))}
            {notes.map(note => (
              <li key={note} className={css.note}>
                <Name>{note}</Name>
              </li>
            ))}
          </ul>
        </li>
      ))}
      {showFailures &&
        preview.failures.map(({ vm, error }) => (
          <li key={vm} className={css.item}>
            <b>
              <Name>{nameOf(vm)}</Name>
            </b>
            <ErrorNote error={error} />
          </li>
        ))}
      {preview.previews.length === 0 && !showFailures && (
        <li className={css.quiet}>{text('request.preview.nothing')}</li>
      )}
    </ul>
  );
}
