/** Adding an Azure account: which cloud, which tenant, how to sign in; then what there is to do. */
import { useState } from 'react';
import type { SignInWay } from '../../shared/contract/accounts.ts';
import { azureCloudNames } from '../../shared/domain/azureClouds.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Choice } from '../components/Chip.tsx';
import { Section } from '../components/Section.tsx';
import { Window } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { useSettings } from '../state/settings.ts';
import { SignInForm } from './SignInForm.tsx';
import { TenantFields } from './TenantFields.tsx';
import type { Begin } from './useSignIn.ts';
import { WayChoice } from './WayChoice.tsx';

const ways = ['browser', 'device-code', 'azure-cli', 'managed-identity', 'environment'] as const;
const byPerson: readonly SignInWay[] = ['browser', 'device-code'];

export function AddAccountDialog() {
  const text = useText();
  const own = useSettings(({ settings }) => settings?.azureClouds) ?? [];
  const [draft, setDraft] = useState({
    way: 'browser' as (typeof ways)[number],
    cloud: azureCloudNames[0] as string,
    tenant: '',
    clientId: '',
  });
  const change = (part: Partial<typeof draft>): void => setDraft({ ...draft, ...part });
  const { way, cloud } = draft;
  const tenant = draft.tenant.trim();
  const clientId = draft.clientId.trim();
  const add: Begin['run'] = signal =>
    broker().accounts.add(
      {
        account: {
          kind: 'azure',
          way,
          cloud,
          ...(tenant === '' ? {} : { tenant }),
          ...(clientId === '' ? {} : { clientId }),
        },
        open: 'broker',
      },
      { signal },
    );
  return (
    <Window title={text('signIn.title')} about={text('signIn.about')}>
      <SignInForm
        begins={[{ run: add }]}
        starting={text(byPerson.includes(way) ? 'signIn.starting' : 'signIn.machine')}
      >
        <WayChoice ways={ways} way={way} onChange={one => change({ way: one })} />
        <Section title={text('signIn.cloud')}>
          <Choice
            label={text('signIn.cloud')}
            value={cloud}
            options={[...azureCloudNames, ...own.map(({ name }) => name)].map(name => ({
              value: name,
              label: showName(name),
            }))}
            onChange={name => change({ cloud: name })}
          />
        </Section>
        <TenantFields tenant={draft.tenant} clientId={draft.clientId} onChange={change} />
      </SignInForm>
    </Window>
  );
}
