/** What one has to know of an Azure cloud that Latchkey does not know. */
import { useState } from 'react';
import type { CustomCloud } from '../../shared/contract/accounts.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { useText } from '../i18n/text.tsx';
import { errorOf } from '../state/errors.ts';
import { useSettings } from '../state/settings.ts';
import css from './Settings.module.css';

const fields = ['name', 'armEndpoint', 'authority', 'audience', 'caFile'] as const;
const needed: readonly string[] = ['name', 'armEndpoint', 'authority'];

export function CloudForm({ clouds, onDone }: { clouds: readonly CustomCloud[]; onDone: () => void }) {
  const text = useText();
  const change = useSettings(state => state.change);
  const [draft, setDraft] = useState<Record<(typeof fields)[number], string>>({
    name: '',
    armEndpoint: '',
    authority: '',
    audience: '',
    caFile: '',
  });
  const [error, setError] = useState<ErrorData>();
  const save = (): void => {
    const { name, armEndpoint, authority, audience, caFile } = draft;
    const cloud: CustomCloud = {
      name,
      armEndpoint,
      authority,
      ...(audience === '' ? {} : { audience }),
      ...(caFile === '' ? {} : { caFile }),
    };
    change({ azureClouds: [...clouds, cloud] }).then(onDone, (thrown: unknown) => setError(errorOf(thrown)));
  };
  return (
    <form
      className={css.fields}
      onSubmit={event => {
        event.preventDefault();
        save();
      }}
    >
      {fields.map(field => (
        <Field
          key={field}
          label={text(`settings.clouds.${field}`)}
          hint={text(`settings.clouds.${field}.hint`)}
          code={field !== 'name'}
          required={needed.includes(field)}
          value={draft[field]}
          onChange={event => setDraft({ ...draft, [field]: event.target.value.trim() })}
        />
      ))}
      {error !== undefined && <ErrorNote error={error} />}
      <div className={css.buttons}>
        <Button small onClick={onDone}>
          {text('cancel')}
        </Button>
        <Button small type="submit">
          {text('save')}
        </Button>
      </div>
    </form>
  );
}
