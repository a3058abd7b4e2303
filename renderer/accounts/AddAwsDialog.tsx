/** Adding an AWS account: which profile or portal, which regions; then what there is to do. */
import { useState } from 'react';
import { Choice } from '../components/Chip.tsx';
import { Section } from '../components/Section.tsx';
import { Window } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { AwsFields } from './AwsFields.tsx';
import { type AwsDraft, emptyAwsDraft, toNewAws } from './awsDraft.ts';
import { ProfileChoice } from './ProfileChoice.tsx';
import { SignInForm } from './SignInForm.tsx';

const ways = ['profile', 'sso', 'instance-role', 'environment'] as const;

export function AddAwsDialog() {
  const text = useText();
  const [draft, setDraft] = useState<AwsDraft>(emptyAwsDraft);
  const change = (part: Partial<AwsDraft>): void => setDraft({ ...draft, ...part });
  return (
    <Window title={text('aws.title')} about={text('aws.about')}>
      <SignInForm
        begin={signal => broker().accounts.add({ account: toNewAws(draft), open: 'broker' }, { signal })}
        starting={text('aws.starting')}
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
          <ProfileChoice chosen={draft.profile} onChange={profile => change({ profile })} />
        )}
        <AwsFields draft={draft} onChange={change} />
      </SignInForm>
    </Window>
  );
}
