/** All grants: what is open now with its countdown, what is stuck, and what is over. */
import { liveGrants } from '../../shared/domain/live.ts';
import { Button } from '../components/Button.tsx';
import { Empty, Screen } from '../components/Screen.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { pastGrants, useGrants } from '../state/grants.ts';
import { openDialog, showScreen } from '../state/view.ts';
import { GrantTable } from './GrantTable.tsx';

/** Older ones are in the activity. */
const recent = 50;

export function GrantsScreen() {
  const text = useText();
  const byId = useGrants(state => state.byId);
  const live = liveGrants(byId.values());
  const past = pastGrants(byId).slice(0, recent);
  return (
    <Screen
      title={text('nav.grants')}
      actions={
        live.length > 0 && (
          <Button look="danger" onClick={() => openDialog({ kind: 'revoke-all' })}>
            {text('grant.revokeAll')}
          </Button>
        )
      }
    >
      {live.length > 0 ? (
        <Section level={2} title={text('grants.live', { count: live.length })}>
          <GrantTable grants={live} label={text('grants.live', { count: live.length })} live />
        </Section>
      ) : (
        <Empty title={text('grants.none')}>
          <p>{text('grants.none.fix')}</p>
          <Button onClick={() => showScreen('vms')}>{text('grants.toVms')}</Button>
        </Empty>
      )}
      {past.length > 0 && (
        <Section level={2} title={text('grants.past')}>
          <GrantTable grants={past} label={text('grants.past')} live={false} />
        </Section>
      )}
    </Screen>
  );
}
