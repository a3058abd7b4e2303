/** Which subscriptions of an account are looked at. */
import { useEffect, useState } from 'react';
import type { AccountScope } from '../../shared/contract/accounts.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { Window, WindowBody, WindowFoot } from '../components/Window.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { closeDialog } from '../state/view.ts';
import { ScopeTiles } from './ScopeTiles.tsx';

export function ScopesDialog({ id }: { id: string }) {
  const text = useText();
  const account = useAccounts(({ accounts }) => accounts?.find(one => one.id === id));
  const [scopes, setScopes] = useState<AccountScope[]>();
  const [all, setAll] = useState(account?.chosenScopes === undefined);
  const [error, setError] = useState<ErrorData>();
  useEffect(() => {
    const stop = new AbortController();
    broker()
      .accounts.scopes({ id }, { signal: stop.signal })
      .then(
        answer => setScopes(answer.scopes),
        (thrown: unknown) => stop.signal.aborted || setError(errorOf(thrown)),
      );
    return () => stop.abort();
  }, [id]);
  const chosen = scopes?.filter(scope => scope.chosen).map(scope => scope.id) ?? [];
  const isNone = !all && chosen.length === 0;

  const save = async (): Promise<void> => {
    try {
      await broker().accounts.choose({ id, ...(all ? {} : { scopes: chosen }) });
      closeDialog();
    } catch (thrown) {
      setError(errorOf(thrown));
    }
  };
  return (
    <Window
      title={
        <Text
          id={account?.aws ? 'scopes.title.aws' : 'scopes.title'}
          values={{ name: <Name>{account?.name ?? id}</Name> }}
        />
      }
      about={text('scopes.about')}
    >
      <form
        onSubmit={event => {
          event.preventDefault();
          if (scopes !== undefined && !isNone) void save();
        }}
      >
        <WindowBody>
          {scopes === undefined && error === undefined && <output>{text('scopes.reading')}</output>}
          {scopes !== undefined && (
            <ScopeTiles
              scopes={scopes}
              all={all}
              label={text(account?.aws ? 'accounts.regions' : 'accounts.scopes')}
              onChange={(next, isAll) => {
                setScopes(next);
                setAll(isAll);
              }}
            />
          )}
          {error !== undefined && <ErrorNote error={error} />}
        </WindowBody>
        <WindowFoot note={isNone && scopes !== undefined && text('scopes.none')}>
          <Button onClick={closeDialog}>{text('cancel')}</Button>
          <Button look="primary" type="submit" disabled={scopes === undefined || isNone}>
            {text('save')}
          </Button>
        </WindowFoot>
      </form>
    </Window>
  );
}
