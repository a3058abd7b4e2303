/** How this person connects to this VM: user, key, port, address, jump host. */
import { Collapsible } from '@base-ui/react/collapsible';
import { useState } from 'react';
import type { ConnectionSettings } from '../../shared/contract/connect.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Tile } from '../components/Tile.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { say } from '../state/toasts.ts';
import { useSettled } from '../state/useSettled.ts';
import css from './ConnectionSettingsForm.module.css';

const fields = ['user', 'keyFile', 'address', 'port', 'jumpHost'] as const;
/** Moving through the list with the arrow keys is not worth a call per row. */
const settleMs = 120;

type Draft = Record<(typeof fields)[number], string> & { pushKey: boolean };

function draftOf(settings: ConnectionSettings): Draft {
  const { user = '', keyFile = '', address = '', port, jumpHost = '', pushKey = false } = settings;
  return { user, keyFile, address, port: port === undefined ? '' : String(port), jumpHost, pushKey };
}

function settingsOf(draft: Draft): ConnectionSettings {
  const text = (value: string): string | undefined => (value.trim() === '' ? undefined : value.trim());
  const port = text(draft.port);
  return {
    user: text(draft.user),
    keyFile: text(draft.keyFile),
    address: text(draft.address),
    jumpHost: text(draft.jumpHost),
    ...(draft.pushKey ? { pushKey: true } : {}),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/** `canPushKey`: its cloud can put a key on it for a connection. */
export function ConnectionSettingsForm({ vm, canPushKey }: { vm: string; canPushKey: boolean }) {
  const text = useText();
  const [saved, setSaved] = useState<Draft>();
  const [draft, setDraft] = useState<Draft>();
  const [error, setError] = useState<ErrorData>();
  const run = async (work: () => Promise<ConnectionSettings>): Promise<boolean> => {
    try {
      const settings = draftOf(await work());
      setSaved(settings);
      setDraft(settings);
      setError(undefined);
      return true;
    } catch (thrown) {
      setError(errorOf(thrown));
      return false;
    }
  };
  const save = async (settings: ConnectionSettings): Promise<void> => {
    if (await run(() => broker().connect.settings.set({ vm, settings })))
      say(text('settings.connection.saved'));
  };
  useSettled(vm, settleMs, async () => {
    await run(() => broker().connect.settings.get({ vm }));
  });
  const summary = [
    ...fields.flatMap(field => (saved?.[field] ? [saved[field]] : [])),
    ...(saved?.pushKey ? [text('settings.connection.pushKey')] : []),
  ].join(' · ');
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
            if (draft !== undefined) void save(settingsOf(draft));
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
          {draft !== undefined && canPushKey && (
            <Tile
              on={draft.pushKey}
              onChange={pushKey => setDraft({ ...draft, pushKey })}
              title={text('settings.connection.pushKey')}
              means={text('settings.connection.pushKey.means')}
            />
          )}
          {error !== undefined && <ErrorNote error={error} />}
          <Button type="submit" small disabled={JSON.stringify(draft) === JSON.stringify(saved)}>
            {text('save')}
          </Button>
        </form>
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}
