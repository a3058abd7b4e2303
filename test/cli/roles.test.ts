import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { latchkey, leavesAfterTest } from './latchkey.ts';

const one = '0f0f0f0f-0000-4000-8000-00000000000a';
const other = '0f0f0f0f-0000-4000-8000-00000000000b';

it('prints a role as az and the portal take it, without a broker', async () => {
  const folder = temporaryFolder();
  const words = ['roles', 'azure', '--for', 'request', '--mode', 'direct'];
  const scopes = ['--subscription', one.toUpperCase(), '--subscription', `/subscriptions/${other}`];
  const { status, stdout } = await latchkey(folder, ...words, ...scopes);
  expect(status).toBe(0);
  const role = JSON.parse(stdout) as Record<string, string[]>;
  expect(role).toMatchObject({
    Name: 'Latchkey request (direct)',
    IsCustom: true,
    NotActions: [],
    DataActions: [],
    NotDataActions: [],
    AssignableScopes: [`/subscriptions/${one}`, `/subscriptions/${other}`],
  });
  expect(role['Actions']).toContain('Microsoft.Network/networkSecurityGroups/securityRules/write');
  expect(role['Actions']).not.toContain('Microsoft.Resources/tags/write');
  expect(role['Actions']?.some(action => action.includes('*'))).toBe(false);
  expect(existsSync(join(folder, 'broker.lock'))).toBe(false);
});

it('by itself takes the subscriptions that are signed in to', async () => {
  const folder = temporaryFolder();
  leavesAfterTest(folder);
  const none = await latchkey(folder, '--json', 'roles', 'azure', '--for', 'view');
  expect([none.status, none.stdout]).toEqual([2, '']);
  leavesAfterTest(join(folder, 'practice'));
  const { stdout } = await latchkey(folder, '--practice', 'roles', 'azure', '--for', 'view', '--doctor');
  const role = JSON.parse(stdout) as Record<string, string[]>;
  expect(role['AssignableScopes']).toHaveLength(2);
  expect(role['Actions']).toContain('Microsoft.Authorization/permissions/read');
});

it.each([
  [['roles', 'azure']],
  [['roles', 'azure', '--for', 'everything']],
  [['roles', 'azure', '--for', 'view', '--mode', 'magic']],
  [['roles', 'azure', '--for', 'view', '--subscription', 'mine']],
  [['roles']],
])('%j is not understood', async words => {
  expect((await latchkey(temporaryFolder(), '--json', ...words)).status).toBe(2);
});

it('prints a policy for AWS, which knows no wildcards in actions', async () => {
  const { status, stdout } = await latchkey(temporaryFolder(), 'roles', 'aws', '--for', 'request');
  expect(status).toBe(0);
  const policy = JSON.parse(stdout) as { Version: string; Statement: { Effect: string; Action: string[] }[] };
  expect(policy.Version).toBe('2012-10-17');
  const actions = policy.Statement.flatMap(({ Action }) => Action);
  expect(actions).toContain('ec2:AuthorizeSecurityGroupIngress');
  expect(actions).not.toContain('ec2:ModifyNetworkInterfaceAttribute');
  expect(actions.some(action => action.includes('*'))).toBe(false);
  expect(policy.Statement.every(({ Effect }) => Effect === 'Allow')).toBe(true);
});
