/** A setting that is a list of texts: one a line. */
import { useId, useState } from 'react';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { errorOf } from '../state/errors.ts';
import { useSettings } from '../state/settings.ts';
import { say } from '../state/toasts.ts';
import css from './Settings.module.css';

export function ListSetting({
  name,
  values,
}: {
  name: 'organisationRanges' | 'observers';
  values: readonly string[];
}) {
  const id = useId();
  const text = useText();
  const change = useSettings(state => state.change);
  const saved = values.join('\n');
  const [draft, setDraft] = useState(saved);
  const [error, setError] = useState<ErrorData>();
  const wanted = draft.split(/[\s,]+/).filter(Boolean);
  return (
    <Section level={2} title={<label htmlFor={id}>{text(`settings.${name}`)}</label>}>
      <form
        className={css.list}
        onSubmit={event => {
          event.preventDefault();
          change({ [name]: wanted }).then(
            () => {
              setError(undefined);
              say(text('settings.saved'));
            },
            (thrown: unknown) => setError(errorOf(thrown)),
          );
        }}
      >
        <textarea
          id={id}
          rows={Math.max(2, wanted.length + 1)}
          value={draft}
          placeholder={text(`settings.${name}.example`)}
          spellCheck={false}
          onChange={event => setDraft(event.target.value)}
        />
        <p className={css.hint}>{text(`settings.${name}.means`)}</p>
        {error !== undefined && <ErrorNote error={error} />}
        <Button type="submit" small disabled={wanted.join('\n') === saved}>
          {text('save')}
        </Button>
      </form>
    </Section>
  );
}
