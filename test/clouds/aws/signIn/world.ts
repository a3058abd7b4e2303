/** The practice AWS with its sign-in services, profile files, and AWS accounts that are signed in to there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { defaultSettings } from '../../../../main/broker/settings.ts';
import type {
  AccountKind,
  Ask,
  KeptAccount,
  OpenAccount,
  Question,
} from '../../../../main/clouds/accountKind.ts';
import { awsAccounts } from '../../../../main/clouds/aws/signIn/kind.ts';
import { createOs } from '../../../../main/os/index.ts';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../../../main/practice/ec2/register.ts';
import { addAccount, createAwsWorld } from '../../../../main/practice/ec2/seed.ts';
import type { World } from '../../../../main/practice/ec2/world.ts';
import { createServerCore, type ServerCore } from '../../../../main/practice/server/core.ts';
import type { NewAccount } from '../../../../shared/contract/accounts.ts';
import { Person } from '../../../fakes/person.ts';
import { temporaryFolder } from '../../../fakes/temporaryFolder.ts';
import { mapKeychain } from '../../azure/signIn/world.ts';

type NewAws = Extract<NewAccount, { kind: 'aws' }>;

export interface AwsSignInWorld {
  practice: World;
  /** A second account of the organization. */
  other: World;
  core: ServerCore;
  /** Where the practice AWS listens. */
  url: string;
  folder: string;
  kind: AccountKind;
  /** What the keychain holds. */
  items: Map<string, string>;
  /** Writes the profiles' files; `KEYS` stands for those of the operator. */
  write(files: { config?: string; credentials?: string }): void;
  /** The person: allows in the browser, and answers what `answer` says. */
  add(
    change?: Partial<NewAws>,
    person?: { ask?: (ask: Ask) => unknown; answer?: (question: Question) => string },
  ): Promise<{ kept: KeptAccount; open: OpenAccount }>;
  /** As a broker that was started anew. */
  reopen(kept: KeptAccount): Promise<OpenAccount>;
  signIn(open: OpenAccount, answer?: (question: Question) => string): Promise<unknown>;
  /** Allows a sign-in by its page. */
  allow(ask: Ask): Promise<void>;
}

/** Everything ends with the test. */
export async function openAwsSignIn(): Promise<AwsSignInWorld> {
  const folder = temporaryFolder();
  const core = await createServerCore({ clockAheadMs: 0 });
  onTestFinished(() => core.close());
  const practice = createAwsWorld({ now: () => core.now(), lagMs: 0, powerMs: 0 });
  const other = addAccount(practice, {
    account: '210987654321',
    name: 'shop',
    regions: ['eu-north-1'],
    perRegion: 3,
  });
  const door = await core.open({
    cloud: 'aws',
    errorBody: awsErrorBody,
    actionOf: awsActionOf,
    routes: app => registerEc2(app, { world: practice, hostKeys: () => [] }),
  });
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, core.certificates.ca);
  const files = { config: join(folder, 'config'), credentials: join(folder, 'credentials') };
  const items = new Map<string, string>();
  const os = { ...createOs({ dataDirectory: folder, command: ['latchkey'] }), keychain: mapKeychain(items) };
  const kind = awsAccounts(os);
  const keep = (open: OpenAccount): OpenAccount => {
    onTestFinished(() => open.cloud.dispose());
    return open;
  };
  const person = new Person(core.certificates.ca);
  const allow = async (ask: Ask): Promise<void> => {
    await person.submit(await person.open(ask.url), { answer: 'allow' });
  };
  const nothing = (question: Question): string => {
    throw new Error(`asked for ${question.step}`);
  };
  const how = (ask: (ask: Ask) => unknown, answer: (question: Question) => string) => ({
    settings: defaultSettings,
    signal: new AbortController().signal,
    ask: (step: Ask) => void ask(step),
    question: async (question: Question) => answer(question),
  });
  const [key] = practice.keys.values();
  return {
    practice,
    other,
    core,
    url: door.url,
    folder,
    kind,
    items,
    write({ config = '', credentials = '' }) {
      const keys = `aws_access_key_id = ${key?.id ?? ''}\naws_secret_access_key = ${key?.secret ?? ''}`;
      const fill = (text: string) => text.replaceAll('KEYS', keys).replaceAll('URL', door.url);
      writeFileSync(files.config, fill(config));
      writeFileSync(files.credentials, fill(credentials));
    },
    async add(change = {}, { ask = allow, answer = nothing } = {}) {
      const wanted: NewAws = {
        kind: 'aws',
        way: 'profile',
        files,
        caFile,
        endpoints: { all: door.url },
        ...change,
      };
      const result = await kind.add(wanted, how(ask, answer));
      keep(result.open);
      return result;
    },
    reopen: async kept => keep(await awsAccounts(os).open(kept, defaultSettings)),
    signIn: (open, answer = nothing) => open.signIn(undefined, how(allow, answer)),
    allow,
  };
}
