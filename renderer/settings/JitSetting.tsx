/** Which way the VMs of each Azure subscription go: through Defender for Cloud or not. */
import type { JitWay, Settings } from '../../shared/contract/accounts.ts';
import { Choice } from '../components/Chip.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { useVms } from '../state/vms.ts';
import css from './Settings.module.css';

const ways: readonly JitWay[] = ['auto', 'defender', 'direct'];

/** Nothing where no Azure subscription is known. */
export function JitSetting({
  ways: chosen,
  onChange,
}: {
  ways: Settings['jit'];
  onChange: (change: Settings['jit']) => void;
}) {
  const text = useText();
  const scopes = useVms(state => state.scopes);
  const accounts = useAccounts(state => state.accounts);
  const azure = new Set((accounts ?? []).filter(({ cloud }) => cloud === 'azure').map(({ id }) => id));
  const subscriptions = scopes.filter(({ account }) => azure.has(account));
  if (subscriptions.length === 0) return null;
  return (
    <Section level={2} title={text('settings.jit')}>
      {subscriptions.map(({ scope, scopeName }) => (
        <div key={scope} className={css.row}>
          <Name>{scopeName}</Name>
          <Choice
            label={`${text('settings.jit')}: ${scopeName}`}
            value={chosen[scope.toLowerCase()] ?? 'auto'}
            options={ways.map(value => ({ value, label: text(`settings.jit.${value}`) }))}
            onChange={way => onChange({ [scope]: way })}
          />
        </div>
      ))}
      <p className={css.hint}>{text('settings.jit.means')}</p>
    </Section>
  );
}
