/** Signing in, as far as the window sees it: an address or a code, and after a while an account. */
import type { Account, NewAccount, SignInStep } from '../../../shared/contract/accounts.ts';
import { fail } from './preview.ts';
import type { World } from './world.ts';

/** The steps of adding an account; it waits `wait()` for the person. */
export async function* signInSteps(
  world: World,
  wanted: NewAccount,
  wait: () => Promise<void>,
): AsyncGenerator<SignInStep> {
  if (wanted.way === 'browser')
    yield {
      step: 'browser',
      url: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?client_id=1',
      opened: true,
    };
  if (wanted.way === 'device-code')
    yield {
      step: 'device-code',
      code: 'QXKR-TBND',
      url: 'https://microsoft.com/devicelogin',
      expiresAt: new Date(Date.now() + 900_000).toISOString(),
    };
  if (wanted.kind === 'aws') {
    yield* awsQuestions(wanted);
    await wait();
    if (wanted.profile === '<img src=x>')
      fail({ code: 'CLOUD_UNAUTHORIZED', message: 'The program of the profile ended without credentials.' });
    const account = awsAccount(wanted);
    world.accounts = [...world.accounts.filter(({ id }) => id !== account.id), account];
    yield { step: 'done', account, notes: [] };
    return;
  }
  await wait();
  const account: Account = {
    id: 'azure:7f3a4c5e-1111-2222-3333-444455556666:1b2c3d4e',
    name: 'Azure contoso.example',
    cloud: 'azure',
    kind: 'azure',
    user: 'ada@contoso.example',
    state: 'ready',
    addedAt: new Date().toISOString(),
    way: wanted.way,
    azure: { tenant: '7f3a4c5e-1111-2222-3333-444455556666', cloud: wanted.cloud ?? 'AzureCloud' },
  };
  world.accounts = [...world.accounts.filter(({ id }) => id !== account.id), account];
  yield { step: 'done', account, notes: [] };
}

/** A profile whose role wants a code; a portal that has roles to choose among. They wait for no answer but `wait`. */
function* awsQuestions({ profile, sso }: Extract<NewAccount, { kind: 'aws' }>): Generator<SignInStep> {
  if (profile === 'guarded')
    yield { step: 'mfa-code', question: 'q1', device: 'arn:aws:iam::210987654321:mfa/lena', again: true };
  if (profile === 'payments')
    yield {
      step: 'device-code',
      code: 'BQWN-PFLK',
      url: 'https://contoso.awsapps.com/start/#/device?user_code=BQWN-PFLK',
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
      inBrowser: true,
      opened: true,
    };
  if (sso && sso.role === undefined)
    yield {
      step: 'choose-role',
      question: 'q2',
      roles: ['payments', 'shop', 'data <img src=x onerror=alert(1)>'].map((accountName, n) => ({
        account: `21098765432${n}`,
        accountName,
        role: n === 2 ? 'Viewer' : 'LatchkeyOperator',
      })),
    };
}

function awsAccount({
  way,
  profile = 'default',
  regions = 'all',
}: Extract<NewAccount, { kind: 'aws' }>): Account {
  return {
    id: `aws:210987654321:${profile}`,
    name: profile,
    cloud: 'aws',
    kind: 'aws',
    user: 'ada',
    state: 'ready',
    addedAt: new Date().toISOString(),
    aws: {
      way,
      account: '210987654321',
      partition: 'aws',
      regions,
      profile,
      ...(profile === 'guarded' ? { mfa: true } : {}),
    },
  };
}
