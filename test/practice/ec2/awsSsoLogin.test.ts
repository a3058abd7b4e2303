/** `aws sso login` against the practice Identity Center, where a version of aws that has it is installed. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { createAwsWorld } from '../../../main/practice/ec2/seed.ts';
import { Person } from '../../fakes/person.ts';
import { awsPrograms, openForAws } from './awsPrograms.ts';

const program = (await awsPrograms()).find(({ version }) => version.startsWith('2.'));
// From 2.22 on it would rather have the browser come back.
const choice = Number(program?.version.split('.')[1]) >= 22 ? ['--use-device-code'] : [];

/** Versions before 2.13 know no AWS_ENDPOINT_URL: where a service is can be told by a rule set of one's own. */
function rules(url: string): string {
  const parameter = (name: string, builtIn: string, type: string) => ({
    [name]: {
      builtIn,
      type,
      required: type === 'Boolean',
      documentation: name,
      ...(type === 'Boolean' ? { default: false } : {}),
    },
  });
  return JSON.stringify({
    version: '1.0',
    parameters: {
      ...parameter('Region', 'AWS::Region', 'String'),
      ...parameter('UseDualStack', 'AWS::UseDualStack', 'Boolean'),
      ...parameter('UseFIPS', 'AWS::UseFIPS', 'Boolean'),
      ...parameter('Endpoint', 'SDK::Endpoint', 'String'),
    },
    rules: [{ conditions: [], endpoint: { url, properties: {}, headers: {} }, type: 'endpoint' }],
  });
}

test.runIf(!program)('no aws with sso login is installed here: its test was left out', () => {
  expect(program).toBeUndefined();
});

test.skipIf(!program)(
  'a person signs in, and a profile has what they may have',
  { timeout: 60_000 },
  async () => {
    if (!program) return;
    const world = createAwsWorld({ now: () => Date.now(), lagMs: 0 });
    const opened = await openForAws(world);
    onTestFinished(() => opened.close());
    for (const service of ['sso-oidc', 'sso']) {
      const folder = join(opened.env.HOME, '.aws', 'models', service, '2019-06-10');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'endpoint-rule-set-1.json'), rules(opened.url));
    }
    writeFileSync(
      opened.env.AWS_CONFIG_FILE,
      `[profile night]
sso_session = contoso
sso_account_id = ${world.account}
sso_role_name = LatchkeyViewer
[sso-session contoso]
sso_start_url = ${opened.url}/start
sso_region = eu-north-1
sso_registration_scopes = sso:account:access
`,
    );
    const env = { ...opened.env, AWS_PROFILE: 'night', AWS_ENDPOINT_URL: opened.url, PYTHONUNBUFFERED: '1' };
    const login = spawn(program.path, ['sso', 'login', '--no-browser', ...choice], { env, timeout: 40_000 });
    onTestFinished(() => void login.kill());
    const ended = new Promise<number | null>(resolve => void login.once('close', resolve));
    const person = new Person(readFileSync(opened.env.AWS_CA_BUNDLE, 'utf8'));
    let said = '';
    for await (const line of createInterface({ input: login.stdout })) {
      said += `${line}\n`;
      const [url] = /https:\S+user_code=\S+/.exec(line) ?? [];
      if (url !== undefined) await person.submit(await person.open(url), { answer: 'allow' });
    }
    expect(await ended, said).toBe(0);
    const me = await opened.as(env).text(program, 'sts', 'get-caller-identity', '--output', 'text');
    expect(me).toContain('assumed-role/AWSReservedSSO_LatchkeyViewer_0/ada@contoso.example');
  },
);
