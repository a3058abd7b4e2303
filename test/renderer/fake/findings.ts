/** What the fake's doctor finds: one of each, with long and short words. */
import type { Examination } from '../../../shared/contract/doctor.ts';
import type { VmRow } from '../../../shared/contract/vms.ts';

export function findingsOf(row: VmRow | undefined): Examination {
  const vm = row && { id: row.id, name: row.name };
  return {
    ...(vm ? { vm } : {}),
    findings: [
      {
        check: 'sign-in',
        state: 'ok',
        subject: 'Contoso',
        text: 'You are signed in as a.berg@contoso.example.',
      },
      {
        check: 'clock',
        state: 'ok',
        subject: 'Contoso',
        text: 'This computer’s clock agrees with the cloud’s.',
      },
      { check: 'power', state: 'ok', text: 'It runs.' },
      { check: 'rights', state: 'ok', text: 'You may open and shut its ports.' },
      {
        check: 'rights',
        state: 'warning',
        text: 'You may not lock and unlock it: Microsoft.Resources/tags/write at web-1 is missing.',
        fix: 'Ask for the role “Latchkey configure” (`latchkey roles azure --for configure` prints it), or activate yours if it is a timed one.',
      },
      {
        check: 'locks',
        state: 'problem',
        subject: 'web-1-nsg',
        text: 'The delete lock “keep” at resourceGroups/rg-web keeps rules from being removed: what is opened can’t be shut.',
        fix: 'Have the lock “keep” taken off resourceGroups/rg-web, or put on what Latchkey does not write to.',
      },
    ],
  };
}
