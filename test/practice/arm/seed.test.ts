import { describe, expect, test } from 'vitest';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import { createArm } from '../../../main/practice/arm/index.ts';
import { seed } from '../../../main/practice/arm/seed.ts';
import { World } from '../../../main/practice/arm/world.ts';
import { isVmId } from '../../../shared/domain/ids.ts';
import { isLock } from '../../../shared/domain/lockMark.ts';
import { readPolicy } from '../../../shared/domain/policyTag.ts';

const world = new World();
seed(world);
const vms = [...world.all('Microsoft.Compute/virtualMachines')];
const named = (name: string) => {
  const vm = vms.find(one => one.name === name);
  if (!vm) throw new Error(`no ${name}`);
  return vm;
};

describe('Contoso', () => {
  test.each([
    ['web-1', 22, false],
    ['web-2', 22, false],
    ['sql-prod-1', 3389, false],
    ['jump-eu', 22, true],
    ['jump-eu', 3389, false],
    ['backup-1', 22, true],
    ['win-golden', 3389, true],
    ['scratch-3', 22, true],
    ['scratch-3', 3389, true],
    ['-oProxyCommand=touch pwned', 22, false],
    ['<img src=x onerror=alert(1)>', 22, true],
  ])('%s lets 127.0.0.1 through to %i: %s', (name, port, wanted) => {
    expect(letsThrough(world, named(name).id, '127.0.0.1', port)).toBe(wanted);
  });

  test('every configured VM has a readable policy and its lock in each of its NSGs', () => {
    const configured = vms.filter(vm => readPolicy(vm.tags ?? {}) !== undefined);
    expect(configured.map(vm => vm.name)).toEqual(
      expect.arrayContaining(['web-1', 'web-2', 'sql-prod-1', 'build-agent-07', 'dual-1', 'v6-only-1']),
    );
    const locks = [...world.all('Microsoft.Network/networkSecurityGroups')].flatMap(nsg =>
      nsg.properties.rules.filter(rule => isLock(rule.name, rule.properties.description)),
    );
    // web-1 has two NSGs, dual-1 two address families.
    expect(locks).toHaveLength(configured.length + 2);
  });

  test('names that hurt are there, and their ids are ids', () => {
    const names = vms.map(vm => vm.name);
    expect(names).toEqual(expect.arrayContaining(['-oProxyCommand=touch pwned', "=cmd|' -C calc'!A0"]));
    expect(names.some(name => name.length === 200)).toBe(true);
    expect(names.some(name => name.includes('\u202E'))).toBe(true);
    expect(vms.every(vm => isVmId(vm.id))).toBe(true);
    expect(names.filter(name => name === 'app-1')).toHaveLength(2);
  });
});

test('a world of any size is the same every time, its locks at 200–299', () => {
  const make = (size: number) => createArm({ now: () => 0, latencyMs: 0, size, machines: () => undefined });
  const [one, two] = [make(700), make(700)];
  expect([...one.world.all()]).toEqual([...two.world.all()]);
  expect(one.world.size()).toBe(700);
  expect(one.machines.every(machine => /^[a-z0-9-]+$/.test(machine.hostName))).toBe(true);
  const priorities = [...one.world.all('Microsoft.Network/networkSecurityGroups')].flatMap(nsg =>
    nsg.properties.rules
      .filter(rule => rule.name.startsWith('latchkey-'))
      .map(rule => rule.properties.priority),
  );
  expect([Math.min(...priorities), Math.max(...priorities) < 300]).toEqual([200, true]);
  expect(make(3).world.size()).toBe(3);
});
