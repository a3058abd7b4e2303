/** The practice cloud's accounts, connected as the broker does it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cloud } from '../../main/clouds/cloud.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createClock } from '../../main/os/clock.ts';
import { createFiles } from '../../main/os/files.ts';
import { createHttp } from '../../main/os/http.ts';
import { createRandom } from '../../main/os/random.ts';
import { type Practice, startPractice } from '../../main/practice/practice.ts';
import type { Vm } from '../../shared/domain/vm.ts';
import { quiet } from './aws/practiceEc2.ts';

const os = {
  clock: createClock(),
  random: createRandom(),
  http: createHttp({}),
  files: createFiles(),
  log: quiet,
};

let folder: string;
let practice: Practice;
let clouds: Cloud[];
let vms: Map<Cloud, Vm[]>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
  practice = await startPractice({ dataDirectory: folder, latencyMs: 0 });
  clouds = await connectPractice(practice.info, os);
  vms = new Map();
  for (const cloud of clouds) vms.set(cloud, await everyVm(cloud));
});
afterAll(async () => {
  for (const cloud of clouds) cloud.dispose();
  await practice.stop();
  await rm(folder, { recursive: true });
});

async function everyVm(cloud: Cloud): Promise<Vm[]> {
  const vms: Vm[] = [];
  for (const scope of await cloud.scopes())
    for await (const page of cloud.inventory(scope)) vms.push(...page);
  return vms;
}

describe('the practice cloud', () => {
  it('is two accounts that know who we are and what is there', async () => {
    expect(clouds.map(({ account, kind }) => [account, kind])).toEqual([
      ['practice-azure', 'azure'],
      ['practice-aws', 'aws'],
    ]);
    for (const cloud of clouds) {
      expect((await cloud.identity()).user).not.toBe('');
      expect(vms.get(cloud)?.length).toBeGreaterThan(5);
      expect(cloud.observers()).toEqual(practice.info.observers);
    }
  });

  it('has an address book: machines are reached where they really listen', async () => {
    for (const cloud of clouds) {
      const linux = vms.get(cloud)?.filter(vm => vm.os === 'linux' && vm.kind !== 'classic') ?? [];
      const found = linux.flatMap(vm => cloud.endpoints(vm, [22]));
      expect(found.length).toBeGreaterThan(3);
      expect(
        found.filter(({ host, port, hostPort }) => !['127.0.0.1', '::1'].includes(host) || hostPort === port),
      ).toEqual([]);
    }
  });

  it('that is gone is told as unreachable', async () => {
    const elsewhere = { ...practice.info, control: 'https://127.0.0.1:1/practice' };
    await expect(connectPractice(elsewhere, os)).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    const noFile = { ...practice.info, caFile: join(folder, 'none.pem') };
    await expect(connectPractice(noFile, os)).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
  });
});
