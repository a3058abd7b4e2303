/** A practice Azure whose VMs Defender keeps, at the time that the gate suite's grants are of. */
import type { Clock } from '../../../../main/os/ports.ts';
import type { JitPolicy } from '../../../../main/practice/arm/defender/data.ts';
import { addPolicy, recommended } from '../../../../main/practice/arm/defender/setup.ts';
import { type Practice, realClock, startPractice } from '../practice.ts';

export const begin = 1_795_000_000_000;

/** Goes on from `begin` as fast as real time; pauses take a hundredth of it. */
export function shiftedClock(): Clock {
  const started = Date.now();
  return {
    now: () => begin + Date.now() - started,
    after: (ms, run) => realClock.after(ms / 100, run),
  };
}

export interface JitWorld {
  practice: Practice;
  /** Puts a VM, as a lock of ours never was, into the policy `default` of its group. */
  keep(name: string, source?: string): JitPolicy;
}

export async function jitWorld(options: Parameters<typeof startPractice>[0] = {}): Promise<JitWorld> {
  const practice = await startPractice({ clock: shiftedClock(), ...options });
  const { world } = practice.arm;
  return {
    practice,
    keep(name, source) {
      const id = practice.vm(name);
      const vm = world.vm(id);
      const [, , subscription = '', , group = ''] = vm?.id.split('/') ?? [];
      for (const nsg of world.all('Microsoft.Network/networkSecurityGroups'))
        nsg.properties.rules = nsg.properties.rules.filter(
          rule => !rule.properties.description?.includes(`of ${name}`) && !isLockOf(rule, name),
        );
      if (vm) vm.tags = {};
      const place = { subscription, group, location: vm?.location ?? '' };
      const known = world.defender.policy(
        `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Security/locations/${place.location}/jitNetworkAccessPolicies/default`,
      );
      return addPolicy(world, place, 'default', [
        ...(known?.virtualMachines ?? []),
        recommended(vm?.id ?? '', source),
      ]);
    },
  };
}

function isLockOf(
  rule: { name: string; properties: { description?: string | undefined } },
  name: string,
): boolean {
  return rule.name.startsWith('latchkey-lock-') && (rule.properties.description ?? '').includes(name);
}
