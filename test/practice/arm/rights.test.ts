/** Users with roles: who may do what at which scope, as ARM tells it and as it refuses. */
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationName, scopeOfRequest } from '../../../main/practice/arm/rights/permissions.ts';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

let practice: PracticeArm;
beforeAll(async () => {
  practice = await startArm();
});
afterAll(() => practice.stop());

const sub = '/subscriptions/S';
const group = `${sub}/resourceGroups/G`;
const vm = `${group}/providers/Microsoft.Compute/virtualMachines/v`;
const nsg = `${group}/providers/Microsoft.Network/networkSecurityGroups/n`;
const jit = `${group}/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies`;

describe('what a request is called, and where it is judged', () => {
  test.each<[string, string, string, string]>([
    ['GET', sub, 'Microsoft.Resources/subscriptions/read', sub],
    ['GET', `${sub}/resourceGroups`, 'Microsoft.Resources/subscriptions/resourceGroups/read', sub],
    ['GET', group, 'Microsoft.Resources/subscriptions/resourceGroups/read', group],
    ['GET', `${sub}/locations`, 'Microsoft.Resources/subscriptions/locations/read', sub],
    ['GET', `${group}/resources`, 'Microsoft.Resources/subscriptions/resourceGroups/resources/read', group],
    [
      'GET',
      `${sub}/providers/Microsoft.Compute/virtualMachines`,
      'Microsoft.Compute/virtualMachines/read',
      sub,
    ],
    ['GET', vm, 'Microsoft.Compute/virtualMachines/read', vm],
    ['POST', `${vm}/start`, 'Microsoft.Compute/virtualMachines/start/action', vm],
    ['GET', `${nsg}/securityRules`, 'Microsoft.Network/networkSecurityGroups/securityRules/read', nsg],
    [
      'PUT',
      `${nsg}/securityRules/r`,
      'Microsoft.Network/networkSecurityGroups/securityRules/write',
      `${nsg}/securityRules/r`,
    ],
    [
      'DELETE',
      `${nsg}/securityRules/r`,
      'Microsoft.Network/networkSecurityGroups/securityRules/delete',
      `${nsg}/securityRules/r`,
    ],
    [
      'PATCH',
      `${vm}/providers/Microsoft.Resources/tags/default`,
      'Microsoft.Resources/tags/write',
      `${vm}/providers/Microsoft.Resources/tags/default`,
    ],
    [
      'GET',
      `${vm}/providers/Microsoft.Authorization/permissions`,
      'Microsoft.Authorization/permissions/read',
      vm,
    ],
    ['GET', `${jit}/default`, 'Microsoft.Security/locations/jitNetworkAccessPolicies/read', `${jit}/default`],
    [
      'POST',
      `${jit}/default/initiate`,
      'Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action',
      `${jit}/default`,
    ],
    [
      'GET',
      `${sub}/providers/Microsoft.Security/jitNetworkAccessPolicies`,
      'Microsoft.Security/locations/jitNetworkAccessPolicies/read',
      sub,
    ],
    [
      'GET',
      `${sub}/providers/Microsoft.Network/locations/westeurope/operations/o`,
      'Microsoft.Network/locations/operations/read',
      `${sub}/providers/Microsoft.Network/locations/westeurope/operations/o`,
    ],
    [
      'GET',
      `${sub}/providers/microsoft.insights/eventtypes/management/values`,
      'microsoft.insights/eventtypes/values/read',
      `${sub}/providers/microsoft.insights/eventtypes/management`,
    ],
  ])('%s %s', (method, path, action, scope) => {
    expect([operationName(method, path), scopeOfRequest(method, path)]).toEqual([action, scope]);
  });
});

/** Makes a user with just these actions; the token they sign in with. */
async function userWith(name: string, actions: string[], scopes: string[], notActions: string[] = []) {
  const role = {
    Name: `role of ${name}`,
    Actions: actions,
    NotActions: notActions,
    AssignableScopes: scopes,
  };
  const made = await practice.send('POST', '/practice/users', { name, role });
  expect(made.status).toBe(201);
  return String(made.json['token']);
}
const rulePath = (name: string) =>
  inWeb(practice, `Microsoft.Network/networkSecurityGroups/app-1-nsg/securityRules/${name}`);
const production = () => `/subscriptions/${practice.production}`;

describe('what is refused', () => {
  test('is told with action, scope and client, word for word as Azure does', async () => {
    const token = await userWith('reader', ['*/read'], [production()]);
    const { status, json } = await practice.send('PUT', rulePath('x'), ruleBody(130), token);
    const { oid } = practice.arm.people.add('reader');
    expect([status, json['error']]).toEqual([
      403,
      {
        code: 'AuthorizationFailed',
        message: `The client 'reader@contoso.example' with object id '${oid}' does not have authorization to perform action 'Microsoft.Network/networkSecurityGroups/securityRules/write' over scope '${rulePath('x')}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      },
    ]);
  });

  test('wildcards, what is taken away, and scopes', async () => {
    const token = await userWith(
      'rules',
      ['Microsoft.Network/networkSecurityGroups/*'],
      [inWeb(practice, 'Microsoft.Network/networkSecurityGroups/app-1-nsg')],
      ['*/delete'],
    );
    const send = async (method: string, path: string, body?: object) =>
      (await practice.send(method, path, body, token)).status;
    expect(await send('PUT', rulePath('y'), ruleBody(131))).toBe(201);
    expect(await send('DELETE', rulePath('y'))).toBe(403);
    const other = rulePath('y').replace('app-1-nsg', 'web-1-nsg');
    expect(await send('PUT', other, ruleBody(131))).toBe(403);
    // A name that only begins like the scope's is no part of it.
    expect(await send('GET', rulePath('y').replace('app-1-nsg', 'app-1-nsgs'))).toBe(403);
    expect(await send('GET', `${production()}/providers/Microsoft.Network/networkSecurityGroups`)).toBe(403);
    expect((await practice.send('DELETE', rulePath('y'))).status).toBe(200);
  });

  test('a role given anew replaces the old one; a user without any may nothing', async () => {
    const before = await userWith('changing', ['*/read'], [production()]);
    await userWith('changing', ['Microsoft.Compute/virtualMachines/read'], [production()]);
    const get = async (path: string) => (await practice.send('GET', path, undefined, before)).status;
    const web1 = inWeb(practice, 'Microsoft.Compute/virtualMachines/web-1');
    expect([await get(web1), await get(production())]).toEqual([200, 403]);
    await practice.send('DELETE', '/practice/users/changing');
    expect([await get(web1), await get('/tenants')]).toEqual([403, 200]);
  });

  test('users are made by who may assign roles, and by nobody else', async () => {
    const body = { name: 'x', role: { Name: 'x', Actions: ['*'], AssignableScopes: ['/'] } };
    expect((await practice.send('POST', '/practice/users', body, practice.tokens.viewer)).status).toBe(403);
    expect((await practice.send('POST', '/practice/users', { name: 'x' })).status).toBe(400);
    const owner = { name: 'x', role: { Name: 'Owner', Actions: ['*'], AssignableScopes: ['/'] } };
    expect((await practice.send('POST', '/practice/users', owner)).status).toBe(409);
  });
});

describe('what is seen', () => {
  const names = async (token: string, query: string) => {
    const { json } = await practice.send(
      'POST',
      '/providers/Microsoft.ResourceGraph/resources',
      { query },
      token,
    );
    return json['data'].map((row: { name: string }) => row.name);
  };

  test('subscriptions one has a role in', async () => {
    const token = await userWith('one-sub', ['*/read'], [`${production()}/resourceGroups/rg-data`]);
    const { json } = await practice.send('GET', '/subscriptions', undefined, token);
    expect(json['value'].map((one: { displayName: string }) => one.displayName)).toEqual([
      'Contoso Production',
    ]);
  });

  test('Resource Graph: only what one may read, by type and by scope', async () => {
    const vms =
      "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name | order by id asc";
    const nsgs =
      "resources | where type =~ 'microsoft.network/networksecuritygroups' | project id, name | order by id asc";
    const token = await userWith(
      'vms-of-data',
      ['Microsoft.Compute/virtualMachines/read'],
      [`${production()}/resourceGroups/rg-data`],
    );
    expect([await names(token, vms), await names(token, nsgs)]).toEqual([['sql-prod-1'], []]);
    const containers = 'resourcecontainers | project id, name | order by id asc';
    expect(await names(token, containers)).toEqual([]);
    expect((await names(practice.tokens.viewer, vms)).length).toBeGreaterThan(10);
  });
});

describe('asked with the official client', () => {
  const client = (token: string) =>
    new AuthorizationManagementClient(
      { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
      practice.production,
      {
        endpoint: practice.url,
        tlsOptions: { ca: practice.core.certificates.ca },
        retryOptions: { maxRetries: 0 },
      },
    );
  async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
    const list: T[] = [];
    for await (const value of values) list.push(value);
    return list;
  }

  test('permissions of a group and of a resource: every assignment there or above', async () => {
    const token = await userWith(
      'two',
      ['Microsoft.Authorization/permissions/read', 'A/*'],
      [production()],
      ['A/b'],
    );
    const own = client(token);
    const atGroup = await all(own.permissions.listForResourceGroup('rg-web'));
    expect(atGroup).toMatchObject([
      { actions: ['Microsoft.Authorization/permissions/read', 'A/*'], notActions: ['A/b'] },
    ]);
    const { oid } = practice.arm.people.add('two');
    const [reader] = [...practice.arm.people.roles.values()].filter(role => role.name === 'Reader');
    practice.arm.people.assign(
      oid,
      reader?.id ?? '',
      inWeb(practice, 'Microsoft.Compute/virtualMachines/web-1'),
    );
    const atVm = own.permissions.listForResource(
      'rg-web',
      'Microsoft.Compute',
      '',
      'virtualMachines',
      'web-1',
    );
    expect((await all(atVm)).map(one => one.actions)).toEqual([
      ['Microsoft.Authorization/permissions/read', 'A/*'],
      ['*/read'],
    ]);
    const subnet = inWeb(practice, 'Microsoft.Network/virtualNetworks/web-vnet/subnets/web');
    const deep = await practice.send(
      'GET',
      `${subnet}/providers/Microsoft.Authorization/permissions`,
      undefined,
      token,
    );
    expect(deep.json['value']).toHaveLength(1);
  });

  test('definitions and assignments', async () => {
    const own = client(practice.tokens.admin);
    const roles = await all(own.roleDefinitions.list(production()));
    expect(roles.map(role => [role.roleName, role.roleType])).toEqual(
      expect.arrayContaining([
        ['Owner', 'BuiltInRole'],
        ['Reader', 'BuiltInRole'],
      ]),
    );
    const assignments = await all(own.roleAssignments.listForSubscription());
    const admin = practice.arm.people.add('admin').oid;
    expect(assignments.find(one => one.principalId === admin)).toMatchObject({ scope: '/' });
  });
});

test('pages of permissions follow each other', async () => {
  const small = await startArm({ pageSize: 1 });
  const { oid } = small.arm.people.add('viewer');
  const [owner] = [...small.arm.people.roles.values()];
  small.arm.people.assign(oid, owner?.id ?? '', `/subscriptions/${small.production}`);
  const path = `/subscriptions/${small.production}/providers/Microsoft.Authorization/permissions`;
  const { json } = await small.send('GET', path, undefined, small.tokens.viewer);
  expect([json['value'].length, typeof json['nextLink']]).toEqual([1, 'string']);
  await small.stop();
});
