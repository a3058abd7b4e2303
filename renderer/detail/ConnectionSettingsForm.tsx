/** How this person connects to this VM: user, key, port, address, jump host. */
import { Collapsible } from '@base-ui/react/collapsible';
import { useEffect, useState } from 'react';
import type { ConnectionSettings } from '../../shared/contract/connect.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { say } from '../state/toasts.ts';
import css from './ConnectionSettingsForm.module.css';

const fields = ['user', 'keyFile', 'address', 'port', 'jumpHost'] as const;
type Draft = Record<(typeof fields)[number], string>;

function draftOf(settings: ConnectionSettings): Draft {
  const { user = '', keyFile = '', address = '', port, jumpHost = '' } = settings;
  return { user, keyFile, address, port: port === undefined ? '' : String(port), jumpHost };
}

function settingsOf(draft: Draft): ConnectionSettings {
  const text = (value: string): string | undefined => (value.trim() === '' ? undefined : value.trim());
  const port = text(draft.port);
  return {
    user: text(draft.user),
    keyFile: text(draft.keyFile),
    address: text(draft.address),
    jumpHost: text(draft.jumpHost),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

export function ConnectionSettingsForm({ vm }: { vm: string }) {
  const text = useText();
  const [saved, setSaved] = useState<Draft>();
  const [draft, setDraft] = useState<Draft>();
  const [error, setError] = useState<ErrorData>();
  const run = (work: () => Promise<ConnectionSettings>, done?: () => void): void => {
    work().then(
      settings => {
        setSaved(draftOf(settings));
        setDraft(draftOf(settings));
        setError(undefined);
        done?.();
      },
      (thrown: unknown) => setError(errorOf(thrown)),
    );
  };
  useEffect(() => run(async () => broker().connect.settings.get({ vm })), [vm]);
  const summary = fields.flatMap(field => (saved?.[field] ? [saved[field]] : [])).join(' · ');
  return (
    <Collapsible.Root>
      <Collapsible.Trigger className={css.trigger}>
        <span>{summary === '' ? text('settings.connection.usual') : <Name clip>{summary}</Name>}</span>
        <Icon name="down" />
      </Collapsible.Trigger>
      <Collapsible.Panel>
        <form
          className={css.form}
          onSubmit={event => {
            event.preventDefault();
            if (draft === undefined) return;
            run(
              async () => broker().connect.settings.set({ vm, settings: settingsOf(draft) }),
              () => say(text('settings.connection.saved')),
            );
          }}
        >
          {draft !== undefined &&
            fields.map(field => (
              <Field
                key={field}
                label={text(`settings.connection.${field}`)}
                placeholder={text(`settings.connection.${field}.usual`)}
                inputMode={field === 'port' ? 'numeric' : 'text'}
                pattern={field === 'port' ? '\\d{1,5}' : undefined}
                code
                value={draft[field]}
                onChange={event => setDraft({ ...draft, [field]: event.target.value })}
              />
            ))}
          {error !== undefined && <ErrorNote error={error} />}
          <Button type="submit" small disabled={JSON.stringify(draft) === JSON.stringify(saved)}>
            {text('save')}
          </Button>
        </form>
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}
