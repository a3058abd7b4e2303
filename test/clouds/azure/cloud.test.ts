/** What else the adapter tells: sign-in, endpoints, host keys, whom a lock touches besides. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAzureCloud } from '../../../main/clouds/azure/azureCloud.ts';
import { rule } from '../../../main/practice/arm/build.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { fixed, hostKeys, type Practice, realClock, startPractice } from './practice.ts';

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice();
});
afterAll(async () => practice.stop());

async function vmNamed(name: string) {
  const cloud = await practice.signIn();
  const vm = await cloud.vm(practice.vm(name));
  if (vm === undefined) throw new Error(`no ${name}`);
  return { cloud, vm };
}

describe('signing in', () => {
  const unreached = (getToken: () => Promise<never>) =>
    createAzureCloud({
      account: parseAccountId('practice-azure'),
      armEndpoint: 'https://127.0.0.1:1',
      credential: { getToken },
      tenantId: 't',
      clock: { ...realClock, after: (_ms, run) => realClock.after(0, run) },
      random: fixed(0),
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });

  it('without a token says so, and keeps the reason’s text to itself', async () => {
    const cloud = unreached(async () => {
      throw new Error('refresh token 0.ASecret is revoked');
    });
    const error = await cloud.identity().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
    expect(JSON.stringify(error)).not.toContain('ASecret');
    await expect(cloud.scopes()).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  });

  it('to a cloud that is not there is unreachable', async () => {
    const cloud = unreached(async () => ({ token: 'x', expiresOnTimestamp: Date.now() + 1e6 }) as never);
    await expect(cloud.scopes()).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
  });

  it('is over after dispose', async () => {
    const { cloud, vm } = await vmNamed('web-1');
    cloud.dispose();
    await expect(cloud.vm(vm.id)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a VM’s way in', () => {
  it('is its public address where the address book has nothing', async () => {
    const { cloud, vm } = await vmNamed('web-1');
    const host = vm.interfaces[0]?.publicAddresses[0];
    expect(cloud.endpoints(vm, [22, 3389])).toEqual([
      { port: 22, host, hostPort: 22 },
      { port: 3389, host, hostPort: 3389 },
    ]);
    expect(cloud.observers()).toEqual(expect.arrayContaining([expect.stringMatching(/^https:.*\/ip$/)]));
  });

  it('has the host keys its console printed; Windows has none', async () => {
    const linux = await vmNamed('web-1');
    expect(await linux.cloud.hostKeys(linux.vm)).toEqual(hostKeys);
    const windows = await vmNamed('win-golden');
    expect(await windows.cloud.hostKeys(windows.vm)).toEqual([]);
  });
});

describe('a lock behind a shared NSG', () => {
  it('names the neighbours that the move of a foreign rule touches, by hostile names too, and is undone', async () => {
    const name = '-oProxyCommand=touch pwned';
    const { cloud, vm } = await vmNamed(name);
    const gate = vm.interfaces[0]?.layers[0]?.gates[0]?.id ?? '';
    const nsg = practice.arm.world.nsg(gate);
    nsg?.properties.rules.push(
      rule('early', 120, 'Allow', { ports: ['22'], destinations: ['10.50.1.4', '10.50.1.6'] }),
    );
    const before = JSON.stringify(nsg?.properties.rules);
    await cloud.apply(await cloud.planUnlock(vm), vm, async () => {});
    const plan = await cloud.planLock(vm, defaultPolicy.ports);
    expect(plan.steps.filter(step => step.foreign)).toMatchObject([{ action: 'move', target: 'lab-nsg' }]);
    expect(plan.alsoAffects).toEqual(['<img src=x onerror=alert(1)>']);
    await cloud.apply(plan, vm, async () => {});
    expect(nsg?.properties.rules.find(each => each.name === 'early')?.properties.priority).toBe(301);
    expect((await cloud.vm(vm.id))?.policy).toEqual(defaultPolicy);
    expect(JSON.stringify(nsg?.properties.rules)).not.toBe(before);
    await cloud.apply(await cloud.planUnlock(vm), vm, async () => {});
    expect(nsg?.properties.rules.find(each => each.name === 'early')?.properties.priority).toBe(120);
    expect(nsg?.tags).toEqual({});
  });

  it('is refused to a viewer before anything is written', async () => {
    const viewer = await practice.signIn({ user: 'viewer' });
    const vm = await viewer.vm(practice.vm('jump-eu'));
    if (vm === undefined) throw new Error('no vm');
    const plan = await viewer.planLock(vm, defaultPolicy.ports);
    await expect(viewer.apply(plan, vm, async () => {})).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    expect(await viewer.vm(vm.id)).toEqual(vm);
  });
});
