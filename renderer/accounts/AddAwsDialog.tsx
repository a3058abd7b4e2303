/** Adding AWS accounts: which profiles or portal, which regions; then what there is to do. */
import { useState } from 'react';
import type { NewAccount } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Choice } from '../components/Chip.tsx';
import { Section } from '../components/Section.tsx';
import { Window } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { AwsFields } from './AwsFields.tsx';
import { type AwsDraft, emptyAwsDraft, toNewAws, withRole } from './awsDraft.ts';
import { ProfileChoice } from './ProfileChoice.tsx';
import { SignInForm } from './SignInForm.tsx';
import type { Begin } from './useSignIn.ts';

const ways = ['profile', 'sso', 'instance-role', 'environment'] as const;

const begin = (account: NewAccount, name?: string): Begin => ({
  ...(name === undefined ? {} : { name: showName(name) }),
  run: signal => broker().accounts.add({ account, open: 'broker' }, { signal }),
});

export function AddAwsDialog() {
  const text = useText();
  const [draft, setDraft] = useState<AwsDraft>(emptyAwsDraft);
  const change = (part: Partial<AwsDraft>): void => setDraft(before => ({ ...before, ...part }));
  const accounts = toNewAws(draft);
  return (
    <Window title={text('aws.title')} about={text('aws.about')}>
      <SignInForm
        begins={accounts.map(one => begin(one, accounts.length > 1 ? one.profile : undefined))}
        starting={text('aws.starting')}
        missing={accounts.length === 0 ? text('aws.chooseProfile') : undefined}
        other={role => withRole(draft, role).map(one => begin(one, role))}
      >
        <Section title={text('signIn.way')}>
          <Choice
            label={text('signIn.way')}
            value={draft.way}
            options={ways.map(value => ({ value, label: text(`aws.by.${value}`) }))}
            onChange={way => change({ way })}
          />
        </Section>
        {draft.way === 'profile' && (
          <ProfileChoice chosen={draft.profiles} onChange={profiles => change({ profiles })} />
        )}
        <AwsFields draft={draft} onChange={change} />
      </SignInForm>
    </Window>
  );
}
