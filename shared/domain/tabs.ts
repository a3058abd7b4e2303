/** Which tab a VM is on, how open it is, and the gate its row shows. */
import type { Policy } from '../contract/policies.ts';
import type { Access, Tab, VmRow } from '../contract/vms.ts';
import { LatchkeyError } from '../errors.ts';
import { exposure } from './effective/exposure.ts';
import { defaultPolicy } from './policyTag.ts';
import { gatesOf, isOff, type Vm } from './vm.ts';

/**
 * The tab, as Defender for Cloud sorts (reference 2.8) but for stopped VMs, which can be configured here. `reason`: why
 * it is unsupported, or what is wrong with the policy, in words.
 */
export function tabOf(vm: Vm): { tab: Tab; reason?: string } {
  if (vm.kind === 'classic') {
    return { tab: 'unsupported', reason: 'A classic VM: it has no network security group to open.' };
  }
  if (vm.problem !== undefined) return { tab: 'unsupported', reason: `Other: ${vm.problem}` };
  if (vm.interfaces.length === 0) {
    return { tab: 'unsupported', reason: 'Other: it has no network interface.' };
  }
  if (vm.cloud === 'azure' && gateOf(vm) === 'none') {
    return { tab: 'unsupported', reason: 'No network security group and no firewall stands in front of it.' };
  }
  if (vm.policyError !== undefined) return { tab: 'configured', reason: vm.policyError.message };
  return { tab: vm.policy === undefined ? 'not-configured' : 'configured' };
}

/** Throws UNSUPPORTED, with the reason, for a VM that can't be configured. */
export function refuseUnsupported(vm: Vm): void {
  const { tab, reason } = tabOf(vm);
  if (tab !== 'unsupported') return;
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `${vm.name} can’t be configured. ${reason ?? ''}`.trim(),
    fix: 'Once that is changed in the cloud, `latchkey vms --refresh` sees it.',
    detail: { vm: vm.id },
  });
}

/** The policy by which access is asked for. Throws what is wrong with the policy's tags, UNSUPPORTED, NOT_CONFIGURED. */
export function policyInForce(vm: Vm): Policy {
  if (vm.policyError !== undefined) throw new LatchkeyError(vm.policyError);
  if (vm.policy !== undefined) return vm.policy;
  refuseUnsupported(vm);
  throw new LatchkeyError({
    code: 'NOT_CONFIGURED',
    message: `${vm.name} has no just-in-time policy yet.`,
    fix: 'Lock it first, with `latchkey lock` or in the window.',
    detail: { vm: vm.id },
  });
}

/** The ports that matter for a VM: its policy's, else the four defaults. */
export function watchedPorts(vm: Vm): { port: number; protocol: 'tcp' | 'udp' | 'any' }[] {
  return (vm.policy ?? defaultPolicy).ports.map(({ port, protocol }) => ({ port, protocol }));
}

/**
 * How open a VM is on its watched ports, and which of them are exposed. A live grant shows as `open` before all else
 * (its end must be seen); a stopped VM is `stopped` whatever its rules say, but `exposedPorts` still tells.
 */
export function accessOf(vm: Vm, hasLiveGrant: boolean): { access: Access; exposedPorts: number[] } {
  if (vm.kind === 'classic' || vm.interfaces.length === 0) {
    return { access: hasLiveGrant ? 'open' : 'unknown', exposedPorts: [] };
  }
  const { exposed, unknown } = exposure(vm, watchedPorts(vm));
  const access = (): Access => {
    if (hasLiveGrant) return 'open';
    if (isOff(vm)) return 'stopped';
    if (exposed.length > 0) return 'exposed';
    return unknown.length > 0 ? 'unknown' : 'shut';
  };
  return { access: access(), exposedPorts: exposed };
}

/** The icon of the connection column: the kind of gate there is; a firewall where one stands in front of NSGs too (reference 2.5). */
export function gateOf(vm: Vm): VmRow['gate'] {
  if (vm.firewall) return 'firewall';
  const [first] = vm.interfaces.flatMap(gatesOf);
  return first?.kind === 'nsg' || first?.kind === 'security-group' ? first.kind : 'none';
}
