import { afterEach, describe, expect, test } from 'vitest';
import { parse } from '../../../main/practice/arm/graph/parse.ts';
import { type Row, run } from '../../../main/practice/arm/graph/run.ts';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

let practice: PracticeArm;
afterEach(() => practice?.stop());

const graph = (query: string, more: object = {}) =>
  practice.send('POST', '/providers/Microsoft.ResourceGraph/resources', { query, ...more });
const names = async (query: string, more?: object) =>
  (await graph(query, more)).json.data.map((row: { name: string }) => row.name);

describe('over Contoso', () => {
  test('types, conditions, projections, order', async () => {
    practice = await startArm();
    const { json } = await graph(`
      resources // all VMs
      | where type =~ 'Microsoft.Compute/virtualMachines' and location == "westeurope"
      | where tags['latchkey-policy'] has '22' or name startswith 'APP'
      | project id, name, os = properties.storageProfile.osDisk.osType, resourceGroup, power = properties.extended.instanceView.powerState.code
      | order by name asc`);
    expect(json.data.map((row: { name: string }) => row.name)).toEqual([
      'app-1',
      'app-1',
      'build-agent-07',
      'dual-1',
      'ledger-1',
      'sql-prod-1',
      'v6-only-1',
      'web-1',
      'web-2',
    ]);
    expect(json.data[2]).toEqual({
      id: expect.stringMatching(/^\/subscriptions\/.*\/build-agent-07$/),
      name: 'build-agent-07',
      os: 'Linux',
      resourceGroup: 'rg-test',
      power: 'PowerState/deallocated',
    });
    expect([json.count, json.totalRecords, json.resultTruncated]).toEqual([9, 9, 'false']);
  });

  test('only the subscriptions that are named', async () => {
    practice = await startArm();
    const all = "resources | where type in~ ('MICROSOFT.COMPUTE/virtualmachines') | project id, name";
    expect(await names(all, { subscriptions: [practice.production] })).toHaveLength(
      practice.vmsInProduction(),
    );
    expect((await graph(all, { subscriptions: ['00000000-0000-4000-8000-000000000000'] })).status).toBe(400);
    expect(await names('resourcecontainers | where type endswith "/resourcegroups"')).toHaveLength(
      practice.arm.world.groups.size,
    );
  });

  test('pages by skip token give every row once', async () => {
    practice = await startArm();
    const query = 'resources | project id, name | order by id asc';
    const whole = await names(query);
    const paged: string[] = [];
    let token: string | undefined;
    do {
      const options = { $top: 20, ...(token === undefined ? {} : { $skipToken: token }) };
      const { json } = await graph(query, { options });
      paged.push(...json.data.map((row: { name: string }) => row.name));
      token = json.$skipToken;
    } while (token !== undefined && paged.length < 200);
    expect(paged).toEqual(whole);
  });

  test('a result without ids can’t be paged, and says that it is cut', async () => {
    practice = await startArm();
    const { json } = await graph('resources | project name', { options: { $top: 5 } });
    expect([json.count, json.resultTruncated, json.$skipToken]).toEqual([5, 'true', undefined]);
  });

  test('fifteen queries in five seconds, then 429 with when to come back', async () => {
    let time = 1_800_000_000_000;
    practice = await startArm({ now: () => time });
    const statuses: number[] = [];
    for (let index = 0; index < 16; index++) statuses.push((await graph('resources | count')).status);
    expect(statuses).toEqual([...Array(15).fill(200), 429]);
    const refused = await graph('resources | count');
    expect(refused.headers).toMatchObject({
      'x-ms-user-quota-remaining': '0',
      'x-ms-user-quota-resets-after': '00:00:05',
      'retry-after': '5',
    });
    time += 5_000;
    expect((await graph('resources | count')).headers['x-ms-user-quota-remaining']).toBe('14');
  });

  test('lags behind a write when told to', async () => {
    practice = await startArm({ graphLagMs: 80 });
    const query =
      "resources | where name == 'web-1-nsg' | project rules = array_length(properties.securityRules)";
    const rules = async () => (await graph(query)).json.data[0].rules;
    const before = await rules();
    const path = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/web-1-nsg/securityRules/x');
    await practice.send('PUT', path, ruleBody(150));
    expect(await rules()).toBe(before);
    await expect.poll(rules, { interval: 20, timeout: 2_000 }).toBe(before + 1);
  });
});

describe('what it does not understand is refused', () => {
  test.each([
    ["resources | where type = 'x'"],
    ["resources | where type =~ 'x"],
    ['resources | join kind=inner (resources) on id'],
    ['resources | where nosuch(name)'],
    ['resources | where nosuchcolumn == 1'],
    ['resources | project name | where id == 1'],
    ['secrets | project name'],
    ['resources | take'],
  ])('%s', async query => {
    practice = await startArm();
    const { status, json } = await graph(query);
    expect([status, json.error.code, json.error.details[0].code]).toEqual([
      400,
      'BadRequest',
      'InvalidQuery',
    ]);
  });
});

describe('the language', () => {
  const rows: Row[] = [
    { id: 1, name: 'Alpha one', tags: { a: 'x' }, list: [1, 2] },
    { id: 2, name: 'beta', tags: null, list: [] },
    { id: 3, name: 'it’s', tags: { a: 'X' }, list: null },
  ];
  const ids = (query: string) =>
    run(parse(`resources | ${query}`), rows, ['id', 'name', 'tags', 'list']).map(row => row['id']);

  test.each([
    ["where name has 'ONE'", [1]],
    ["where name has 'on'", []],
    ["where name contains 'ET'", [2]],
    ["where name !contains 'et'", [1, 3]],
    ["where tags.a == 'x'", [1]],
    ["where tags.a =~ 'x'", [1, 3]],
    ["where tags.a != 'x'", [2, 3]],
    ["where tags['a'] in ('x', 'y')", [1]],
    ["where tags.a !in~ ('x')", [2]],
    ['where isnull(tags)', [2]],
    ['where isnotempty(tags.a) and not(id == 1)', [3]],
    ['where id == 1 or id == 2 and id == 3', [1]],
    ['where (id == 1 or id == 2) and id > 1', [2]],
    ['where array_length(list) >= 0', [1, 2]],
    ["where name == 'it’s'", [3]],
    ['where list[1] == 2', [1]],
    ['order by id', [3, 2, 1]],
    ["extend low = tolower(name) | where low startswith 'a' | project-away tags", [1]],
    ['take 2 | order by id desc', [2, 1]],
    ["where iff(id == 2, 'yes', 'no') == 'yes'", [2]],
  ])('%s', (query, wanted) => {
    expect(ids(query)).toEqual(wanted);
  });

  test('a path without a name is called by its steps', () => {
    expect(run(parse('resources | project tags.a | take 1'), rows, ['tags'])).toEqual([{ tags_a: 'x' }]);
  });
});
