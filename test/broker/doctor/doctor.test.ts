/** The doctor as a person asks it: each trouble of a VM, an account or this computer is found, and nothing is changed. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Keychain, Os } from '../../../main/os/ports.ts';
import type { Finding } from '../../../shared/contract/doctor.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { type BrokerSetUp, startTestBroker } from '../../fakes/broker.ts';
import { ask } from '../../practice/ask.ts';

const keychain: Keychain = {
  read: async () => undefined,
  write: () => Promise.reject(new Error('the doctor wrote to the keychain')),
  remove: () => Promise.reject(new Error('the doctor removed from the keychain')),
};
/** A computer that has everything. */
const whole = (os: Os): Partial<Os> => ({
  keychain,
  processes: { ...os.processes, platform: 'linux', find: async ([name = '']) => `/usr/bin/${name}` },
});
const bad = (findings: Finding[]) => findings.filter(({ state }) => state !== 'ok');

/** A request to the practice cloud's ARM as its owner. */
async function arm({ practice }: BrokerSetUp, method: string, path: string, body?: object): Promise<void> {
  const { azure, caFile } = practice().info;
  const url = `${azure.armEndpoint}${path}?api-version=2021-04-01`;
  const { status, text } = await ask(url, {
    ca: readFileSync(caFile, 'utf8'),
    token: azure.token,
    method,
    body,
  });
  if (status >= 300) throw new Error(text);
}

async function pathOf({ services }: BrokerSetUp, name: string): Promise<string> {
  return (await services.inventory.find(name)).id;
}

const asking = /retrieveBootDiagnosticsData$|ResourceGraph\/resources|EffectiveSecurityAdminRules$/i;

describe('nothing is wrong', () => {
  test('with a healthy VM of each cloud, nor with the accounts and this computer; and nothing is written anywhere', async () => {
    const setUp = await startTestBroker({}, whole);
    const { services, control } = setUp;
    const history = services.activity.list({}).rows.length;
    await control('DELETE', '/requests');
    for (const name of ['web-1', 'pay-db', undefined]) {
      const { vm, findings } = await services.doctor.examine(name);
      expect(vm?.name).toBe(name);
      expect(bad(findings)).toEqual([]);
    }
    const { requests } = (await control('GET', '/requests')) as {
      requests: { cloud: string; method: string; path: string; status: number; action?: string }[];
    };
    expect(requests.length).toBeGreaterThan(10);
    // AWS is asked to try (DryRun), and says 412 to what it would have done.
    const writes = requests.filter(({ cloud, method, path, status, action = '' }) =>
      cloud === 'aws'
        ? !/^(Describe|Get|LookupEvents$)/.test(action) && status !== 412
        : method !== 'GET' && !asking.test(path),
    );
    expect(writes).toEqual([]);
    expect(services.activity.list({}).rows).toHaveLength(history);
  });
});

const troubles: Record<
  string,
  {
    vm?: string;
    options?: Parameters<typeof startTestBroker>[0];
    change?: (os: Os) => Partial<Os>;
    plant?: (setUp: BrokerSetUp) => Promise<unknown>;
    finds: Partial<Finding>;
    says: RegExp;
  }
> = {
  'a VM that is stopped': {
    plant: async setUp => arm(setUp, 'POST', `${await pathOf(setUp, 'web-1')}/deallocate`),
    finds: { check: 'power', state: 'problem' },
    says: /It is stopped/,
  },
  'a policy that can’t be read': {
    plant: async setUp =>
      arm(setUp, 'PATCH', `${await pathOf(setUp, 'web-1')}/providers/Microsoft.Resources/tags/default`, {
        operation: 'Merge',
        properties: { tags: { 'latchkey-policy': 'nonsense' } },
      }),
    finds: { check: 'policy', state: 'problem' },
    says: /policy/,
  },
  'a VM without a policy that is open': {
    vm: 'jump-eu',
    finds: { check: 'exposure', state: 'warning' },
    says: /Anybody may get in from the internet: port 22/,
  },
  'a VM that can’t be configured': {
    vm: 'old-crm',
    finds: { check: 'policy', state: 'problem' },
    says: /A classic VM/,
  },
  'an admin rule that stops us': {
    vm: 'vault-1',
    finds: { check: 'admin-rules', state: 'problem' },
    says: /“no-management-from-internet” of Virtual Network Manager stops it/,
  },
  'an admin rule that a lock can’t stop': {
    vm: 'scan-1',
    finds: { check: 'admin-rules', state: 'warning' },
    says: /“always-allow-scanner” .* lets sources in to port 22 whatever a lock says/,
  },
  'a VM with an IPv6 address only': {
    vm: 'v6-only-1',
    finds: { check: 'address', state: 'warning' },
    says: /Its only public address is IPv6/,
  },
  'a clock that is wrong': {
    options: { clockAheadMs: 300_000 },
    finds: { check: 'clock', state: 'warning', subject: 'Practice Azure' },
    says: /clock is \d+ s behind the cloud’s/,
  },
  'an account that takes the sign-in no more': {
    plant: ({ control }) =>
      control('POST', '/faults', {
        cloud: 'azure',
        status: 401,
        code: 'InvalidAuthenticationToken',
        times: 0,
      }),
    finds: { check: 'sign-in', state: 'problem', subject: 'Practice Azure' },
    says: /does not accept our sign-in/,
  },
  'an address that nobody can tell': {
    change: os => ({ http: { ...os.http, get: () => Promise.reject(new Error('no network')) } }),
    finds: { check: 'my-ip', state: 'problem' },
    says: /Your address could not be found out/,
  },
  'no ssh': {
    change: os => ({ processes: { ...os.processes, find: async () => undefined } }),
    finds: { check: 'client', state: 'problem', subject: 'SSH' },
    says: /There is no ssh/,
  },
  'no RDP client': {
    vm: 'sql-prod-1',
    change: os => ({ processes: { ...os.processes, platform: 'linux', find: async () => undefined } }),
    finds: { check: 'client', state: 'problem', subject: 'RDP' },
    says: /No RDP client was found/,
  },
};

describe('a planted trouble is found, with what to do about it', () => {
  test.each(Object.entries(troubles))(
    '%s',
    async (_name, { vm = 'web-1', options, change, plant, finds, says }) => {
      // What a network without an answer hides has to be known before: the address book is read by the same way.
      let broken = false;
      const setUp = await startTestBroker(options, os => {
        const now = { ...os, ...whole(os) };
        const then = change?.(now) ?? {};
        return {
          ...whole(os),
          ...then,
          ...(then.http
            ? {
                http: {
                  ...os.http,
                  get: (...asked) => (broken ? (then.http ?? os.http) : os.http).get(...asked),
                },
              }
            : {}),
        };
      });
      broken = true;
      await plant?.(setUp);
      const { findings } = await setUp.services.doctor.examine(vm);
      expect(bad(findings)).toContainEqual(
        expect.objectContaining({ ...finds, text: expect.stringMatching(says) }),
      );
      for (const { fix } of bad(findings)) expect(fix).toMatch(/\w/);
    },
  );
});

describe('of the accounts and this computer', () => {
  test('no keychain, and no client', async () => {
    const { services } = await startTestBroker({}, os => ({
      processes: { ...os.processes, platform: 'linux', find: async () => undefined },
      keychain: {
        ...keychain,
        read: () => Promise.reject(new LatchkeyError({ code: 'NO_KEYCHAIN', message: 'There is none.' })),
      },
    }));
    const { vm, findings } = await services.doctor.examine();
    expect(vm).toBeUndefined();
    expect(bad(findings).map(({ check, state, subject }) => [check, state, subject])).toEqual([
      ['client', 'warning', 'SSH'],
      ['client', 'warning', 'RDP'],
      ['keychain', 'warning', undefined],
    ]);
  });

  test('a cloud that is gone: the other one is looked at all the same', async () => {
    const { services, control } = await startTestBroker({}, whole);
    await control('POST', '/faults', { cloud: 'aws', status: 403, code: 'AccessDenied', times: 0 });
    const { findings } = await services.doctor.examine();
    expect(bad(findings)).toMatchObject([{ check: 'sign-in', state: 'problem', subject: 'Practice AWS' }]);
    expect(findings.some(({ check }) => check === 'scopes')).toBe(true);
  });
});

test('a VM that nobody knows is an error, not a finding', async () => {
  const { services } = await startTestBroker({}, whole);
  await expect(services.doctor.examine('nope')).rejects.toMatchObject({ code: 'VM_NOT_FOUND' });
});
