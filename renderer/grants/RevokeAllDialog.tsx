/** Ending every grant: which ones, first. */
import { liveGrants } from '../../shared/domain/live.ts';
import { Button } from '../components/Button.tsx';
import { Countdown } from '../components/Countdown.tsx';
import { Name } from '../components/Name.tsx';
import { Window, WindowBody, WindowFoot } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { useGrants } from '../state/grants.ts';
import { act, say } from '../state/toasts.ts';
import { closeDialog } from '../state/view.ts';
import css from './RevokeAllDialog.module.css';

export function RevokeAllDialog() {
  const text = useText();
  const grants = liveGrants(useGrants(state => state.byId).values());
  const revokeAll = (): void => {
    act(async () => {
      const ended = await broker().grants.revoke({ grants: grants.map(({ id }) => id) });
      const stuck = ended.grants.filter(({ state }) => state === 'stuck').length;
      if (stuck > 0) say(text('grant.someStuck', { count: stuck }), text('grant.stuck.means'));
      else say(text('grant.allClosed', { count: ended.grants.length }), text('grant.sessions'));
    });
    closeDialog();
  };
  return (
    <Window title={text('revokeAll.title', { count: grants.length })} about={text('grant.sessions')}>
      <form
        onSubmit={event => {
          event.preventDefault();
          revokeAll();
        }}
      >
        <WindowBody>
          <ul className={css.list}>
            {grants.map(grant => (
              <li key={grant.id}>
                <Name clip>{grant.vmName}</Name>
                <span>{grant.ports.map(({ port }) => port).join(' ')}</span>
                <Countdown endsAt={grant.endsAt} account={grant.account} />
              </li>
            ))}
          </ul>
        </WindowBody>
        <WindowFoot>
          <Button onClick={closeDialog}>{text('cancel')}</Button>
          <Button look="danger" type="submit" disabled={grants.length === 0}>
            {text('revokeAll.confirm', { count: grants.length })}
          </Button>
        </WindowFoot>
      </form>
    </Window>
  );
}
