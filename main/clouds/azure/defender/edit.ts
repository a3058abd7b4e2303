/** A policy with one VM put in or taken out: everything else stays as it came. Pure. */
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { parseArmId } from '../armIds.ts';
import { longestNames } from './assumptions.ts';
import { entryOf, type JitPolicy, type JitPolicyJson, type PolicyVm } from './policy.ts';
import { portOf, portRule } from './vmPolicy.ts';

/** Where a policy is, or would be. */
export interface PolicyPlace {
  /** The ARM id as it is written. */
  id: string;
  name: string;
  location: string;
}

/** The policy that the portal would use for a VM: one `default` per resource group and region (reference 1.4). */
export function defaultPlace(vm: { id: string; location: string }): PolicyPlace {
  const { subscription, group } = parseArmId(vm.id);
  const name = 'default';
  const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Security/locations/${vm.location}/jitNetworkAccessPolicies/${name}`;
  return { id, name, location: vm.location };
}

/** Throws UNSUPPORTED, in our words, where the names are too long together. */
export function checkNames(policyName: string, vmName: string): void {
  const long = policyName.length + vmName.length;
  if (long <= longestNames) return;
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `Defender takes at most ${longestNames} characters for the names of policy and VM together; “${policyName}” and “${vmName}” have ${long}.`,
    fix: 'Set this subscription to `direct`, which knows no such limit, or use a VM with a shorter name.',
  });
}

/** Does the policy say exactly these ports of the VM? */
export function says(policy: JitPolicy | undefined, vm: string, ports: PolicyPort[]): boolean {
  const entry = entryOf(policy, vm);
  return (
    entry !== undefined &&
    entry.ports.length === ports.length &&
    entry.ports.every((port, i) => samePort(port, ports[i]))
  );
}

/** The JSON to PUT so that the policy says these ports of the VM. Throws BAD_INPUT as `portRule`. */
export function withVm(
  policy: JitPolicy | undefined,
  place: PolicyPlace,
  vm: string,
  ports: PolicyPort[],
): JitPolicyJson {
  const before = entryOf(policy, vm);
  const entry: PolicyVm = {
    ...(before ?? { id: vm }),
    // A port that says the same already stays as it is written, with whatever else stands there.
    ports: ports.map(port => before?.ports.find(one => samePort(one, port)) ?? portRule(port)),
  };
  const base = policy?.raw ?? emptyPolicy(place);
  const others = base.properties.virtualMachines;
  const virtualMachines = before ? others.map(one => (one === before ? entry : one)) : [...others, entry];
  return { ...base, properties: { ...base.properties, virtualMachines } };
}

/** The JSON to PUT without the VM; undefined if nobody would be left. */
export function withoutVm(policy: JitPolicy, vm: string): JitPolicyJson | undefined {
  const entry = entryOf(policy, vm);
  const virtualMachines = policy.vms.filter(one => one !== entry);
  if (virtualMachines.length === 0) return undefined;
  return { ...policy.raw, properties: { ...policy.raw.properties, virtualMachines } };
}

/** With `kind`, `location`, `name`, `type` and `id`: one was seen to be missed (reference 1.4). */
function emptyPolicy({ id, name, location }: PolicyPlace): JitPolicyJson {
  return {
    kind: 'Basic',
    id,
    name,
    type: 'Microsoft.Security/locations/jitNetworkAccessPolicies',
    location,
    properties: { virtualMachines: [] },
  };
}

function samePort(json: unknown, port: PolicyPort | undefined): boolean {
  if (port === undefined) return false;
  try {
    return (
      JSON.stringify(portOf(json)) === JSON.stringify({ ...port, sources: portOf(portRule(port)).sources })
    );
  } catch (error) {
    // What can't be understood is not what is meant.
    if (error instanceof LatchkeyError) return false;
    throw error;
  }
}

/** Ports in a few words, for a plan. */
export function entryText(policy: JitPolicy | undefined, vm: string): string {
  const entry = entryOf(policy, vm);
  return (entry?.ports ?? []).map(text).join(' ');
}

function text(json: unknown): string {
  const rule = json as { number?: unknown; protocol?: unknown; maxRequestAccessDuration?: unknown };
  try {
    const { port, protocol, sources, maxMs } = portOf(json);
    const from = sources.length === 0 ? 'any' : sources.join('+');
    return `${port}/${protocol}=${maxMs / 60_000}m@${from}`;
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return `${String(rule.number)}/${String(rule.protocol)}=${String(rule.maxRequestAccessDuration)}`;
  }
}
