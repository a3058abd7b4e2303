/** Azure's bad days by name: each before and after the write took effect, as a client without any SDK sees it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type TroubleKind,
  troubleByName,
  troubles,
  wantedClaims,
} from '../../../main/practice/arm/troubles.ts';
import { ask } from '../ask.ts';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

let practice: PracticeArm;
beforeAll(async () => {
  practice = await startArm();
});
afterAll(() => practice.stop());
afterEach(() => {
  practice.core.faults.remove();
  nsg().rules = nsg().rules.filter(({ name }) => name !== 'probe');
});

const id = () => inWeb(practice, 'Microsoft.Network/networkSecurityGroups/web-1-nsg');
const probe = () => `${id()}/securityRules/probe`;
const nsg = () => practice.arm.world.nsg(id())?.properties ?? { rules: [] };
const inForce = () => nsg().rules.some(({ name, inForce }) => name === 'probe' && inForce !== undefined);

function write(kind: TroubleKind, when: 'before' | 'after') {
  practice.core.faults.add({ method: 'PUT', path: 'securityRules/probe', ...troubleByName(kind), when });
  return practice.send('PUT', probe(), ruleBody(150));
}

const kinds = Object.keys(troubles) as TroubleKind[];
const unread = new Set<TroubleKind>(['Dropped', 'CutShort']);
const whens = ['before', 'after'] as const;

describe.each(whens)('%s the write took effect', when => {
  test.each(kinds.filter(kind => !unread.has(kind)))('%s', async kind => {
    const trouble = troubleByName(kind);
    const answer = await write(kind, when);
    if (trouble.truncate)
      expect([answer.status, answer.text.at(0), answer.json]).toEqual([200, '{', undefined]);
    else if (trouble.operation) expect(answer.headers['azure-asyncoperation']).toBeDefined();
    else {
      expect(answer.status).toBe(trouble.status);
      expect(answer.headers['azure-asyncoperation']).toBeUndefined();
      if (trouble.html) expect(answer.text).toMatch(/^<!DOCTYPE html>/);
      else expect(answer.json['error']).toMatchObject({ code: trouble.code, ...trouble.more });
    }
    expect(inForce()).toBe(when === 'after');
  });

  test.each([...unread])('%s', async kind => {
    await expect(write(kind, when)).rejects.toThrow();
    expect(inForce()).toBe(when === 'after');
  });

  test.each([
    ['OperationFailed', 'Failed', 'InternalServerError'],
    ['OperationCanceled', 'Canceled', 'Canceled'],
  ] as const)('%s: its status says so, and so does its result', async (kind, status, code) => {
    const { headers } = await write(kind, when);
    const url = String(headers['azure-asyncoperation']);
    const get = (to: string) => ask(to, { ca: practice.core.certificates.ca, token: practice.tokens.admin });
    expect((await get(url)).json).toMatchObject({ status, error: { code } });
    const result = await get(url.replace('/operations/', '/operationResults/'));
    expect([result.status, result.json['error']['code']]).toEqual([409, code]);
    const left = await practice.send('GET', probe());
    expect(left.json['properties']['provisioningState']).toBe(when === 'after' ? 'Succeeded' : 'Failed');
  });

  test.each([
    ['OperationNever', 200, 'InProgress'],
    ['OperationLost', 404, undefined],
  ] as const)('%s', { timeout: 10_000 }, async (kind, status, state) => {
    const url = String((await write(kind, when)).headers['azure-asyncoperation']);
    const told = await ask(url, { ca: practice.core.certificates.ca, token: practice.tokens.admin });
    expect([told.status, told.json['status']]).toEqual([status, state]);
  });
});

test('a removal whose operation fails leaves the rule, in force', async () => {
  await practice.send('PUT', probe(), ruleBody(150));
  practice.core.faults.add({ method: 'DELETE', operation: 'Failed' });
  expect((await practice.send('DELETE', probe())).status).toBe(202);
  expect(inForce()).toBe(true);
  practice.core.faults.add({ method: 'DELETE', operation: 'lost', when: 'after' });
  expect((await practice.send('DELETE', probe())).status).toBe(202);
  expect(inForce()).toBe(false);
});

test('a claims challenge carries its claims, and times to come back come both ways', async () => {
  const header = String((await write('ClaimsChallenge', 'before')).headers['www-authenticate']);
  const claims = /claims="([^"]+)"/.exec(header)?.[1] ?? '';
  expect(Buffer.from(claims, 'base64').toString()).toBe(wantedClaims);
  expect((await write('SubscriptionRequestsThrottled', 'before')).headers['retry-after']).toBe('7');
  const date = Date.parse(String((await write('TooManyRequests', 'before')).headers['retry-after']));
  expect(Math.abs(date - practice.core.now() - 11_000)).toBeLessThan(2_000);
});

test('by name through the control interface; a name that is none is told', async () => {
  const post = (body: object) => practice.send('POST', '/practice/faults', body);
  const made = await post({ kind: 'ScopeLocked', method: 'DELETE', when: 'after', times: 2 });
  expect(made.json).toMatchObject({
    code: 'ScopeLocked',
    status: 409,
    cloud: 'azure',
    when: 'after',
    times: 2,
  });
  const wrong = await post({ kind: 'Nonsense' });
  expect([wrong.status, wrong.json['error']['message']]).toEqual([
    400,
    expect.stringContaining('ScopeLocked'),
  ]);
});
