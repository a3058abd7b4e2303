/** The rules by which Defender lets somebody in to a VM: found by what they say of themselves, and nothing else. */
import type { SecurityRule } from '@azure/arm-network';
import { type GateId, gateId, type VmId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { isForbidden } from '../../calls.ts';
import type { Arm } from '../armClients.ts';
import { parseArmId } from '../armIds.ts';
import { readGate } from '../freshVm.ts';
import { lastName } from './policy.ts';
import { canonical } from './record.ts';

/** Defender's own words (reference 2.1): they name the policy and the VM, so its rules can be told apart. */
const sentence =
  /^(?:MDC|ASC) JIT Network Access rule created by an initiation request for policy '(.+)' of VM '(.+)'\.$/;
/** Allow rules have hyphens where deny rules have underscores (reference 2.1). */
const ruleName = /^(?:SecurityCenter|MicrosoftDefenderForCloud)-JITRule-/;

export interface AllowRule {
  gate: GateId;
  name: string;
  port: number;
  /** Canonical where it is an address. */
  source: string;
}

export interface AllowRules {
  /** Of all NSGs in front of the VM. */
  rules: AllowRule[];
  /** NSGs in front of the VM, by name, in which Defender has no allow rule for it. */
  without: string[];
}

/**
 * Defender's allow rules for a VM of a policy, as they stand now; undefined where this sign-in may not look, and where
 * the VM is not there any more.
 */
export async function allowRulesOf(
  arm: Arm,
  of: { policyName: string; vm: VmId },
  signal?: AbortSignal,
): Promise<AllowRules | undefined> {
  try {
    const gates = await gatesOf(arm, of.vm, signal);
    const found = await Promise.all(
      gates.map(async ({ id, addresses }) => {
        const nsg = await readGate(arm, id, signal);
        const gate = gateId(id);
        return {
          name: nsg.name ?? gate,
          rules: (nsg.securityRules ?? []).flatMap(rule => read(rule, gate, of, addresses)),
        };
      }),
    );
    return {
      rules: found.flatMap(one => one.rules),
      without: found.flatMap(one => (one.rules.length === 0 ? [one.name] : [])),
    };
  } catch (error) {
    if (isForbidden(error) || (error instanceof LatchkeyError && error.code === 'CLOUD_NOT_FOUND'))
      return undefined;
    throw error;
  }
}

/** Is this the rule for that port and source? */
export function lets(rule: AllowRule, wanted: { port: number; source: string }): boolean {
  return rule.port === wanted.port && rule.source === canonical(wanted.source);
}

function read(
  rule: SecurityRule,
  gate: GateId,
  of: { policyName: string; vm: VmId },
  addresses: string[],
): AllowRule[] {
  const [, policyName = '', vmName = ''] = sentence.exec(rule.description ?? '') ?? [];
  const isItsOwn =
    ruleName.test(rule.name ?? '') &&
    rule.access?.toLowerCase() === 'allow' &&
    policyName.toLowerCase() === of.policyName.toLowerCase() &&
    vmName.toLowerCase() === lastName(of.vm).toLowerCase();
  if (!isItsOwn || rule.name === undefined) return [];
  const { name } = rule;
  const destinations = both(rule.destinationAddressPrefix, rule.destinationAddressPrefixes).map(canonical);
  if (!destinations.some(one => addresses.includes(one))) return [];
  const ports = both(rule.destinationPortRange, rule.destinationPortRanges).map(Number);
  const sources = both(rule.sourceAddressPrefix, rule.sourceAddressPrefixes).map(canonical);
  return ports.flatMap(port => sources.map(source => ({ gate, name, port, source })));
}

function both(one: string | undefined, many: string[] | undefined): string[] {
  return [...(one ? [one] : []), ...(many ?? [])];
}

/** The NSGs in front of a VM, each with the VM's private addresses behind it (canonical). */
async function gatesOf(
  arm: Arm,
  vm: VmId,
  signal?: AbortSignal,
): Promise<{ id: string; addresses: string[] }[]> {
  const at = parseArmId(vm);
  const options = signal === undefined ? {} : { abortSignal: signal };
  const [compute, network] = await Promise.all([arm.compute(at.subscription), arm.network(at.subscription)]);
  const machine = await compute.virtualMachines.get(at.group, at.name, options);
  const gates = new Map<string, Set<string>>();
  const put = (id: string | undefined, addresses: string[]) => {
    if (id === undefined) return;
    const known = gates.get(id.toLowerCase()) ?? new Set();
    for (const address of addresses) known.add(canonical(address));
    gates.set(id.toLowerCase(), known);
  };
  for (const ref of machine.networkProfile?.networkInterfaces ?? []) {
    const { group, name } = parseArmId(ref.id ?? '');
    const nic = await network.networkInterfaces.get(group, name, options);
    const configurations = nic.ipConfigurations ?? [];
    const addresses = configurations.flatMap(one => one.privateIPAddress ?? []);
    put(nic.networkSecurityGroup?.id, addresses);
    for (const subnetId of new Set(configurations.flatMap(one => one.subnet?.id ?? []))) {
      const subnet = parseArmId(subnetId);
      const found = await network.subnets.get(subnet.group, subnet.name, subnet.child, options);
      put(found.networkSecurityGroup?.id, addresses);
    }
  }
  return [...gates].map(([id, addresses]) => ({ id, addresses: [...addresses] }));
}
