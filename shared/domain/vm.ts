/**
 * A VM as the broker knows it: what a cloud's adapter reads, in one model for both clouds. What crosses doors is
 * VmRow and VmDetail of the contract; this is what the rules in this folder work on.
 */
import type { JitWay } from '../contract/accounts.ts';
import type { CloudKind, Protocol } from '../contract/common.ts';
import type { Policy } from '../contract/policies.ts';
import type { Power } from '../contract/vms.ts';
import type { ErrorData } from '../errors.ts';
import type { AccountId, GateId, GrantId, VmId } from './ids.ts';
import type { RuleMark } from './ruleMark.ts';

export interface Vm {
  id: VmId;
  name: string;
  cloud: CloudKind;
  account: AccountId;
  /** Subscription id, or `<account>/<region>`. */
  scope: string;
  location: string;
  resourceGroup?: string | undefined;
  /** `classic` is shown and never opened. */
  kind: 'arm' | 'classic' | 'ec2';
  os: 'linux' | 'windows' | 'unknown';
  image?: string | undefined;
  size?: string | undefined;
  power: Power;
  interfaces: NetworkInterface[];
  /** The firewall that clients come through; absent if none stands in front. */
  firewall?: Firewall | undefined;
  /** The policy in force: the VM's tag or its Defender policy (`goBy` in `defender.ts`); absent when the VM is not configured. */
  policy?: Policy | undefined;
  /** Set when there is a policy that can't be read. */
  policyError?: ErrorData | undefined;
  /** Azure: the Defender for Cloud policy that names the VM. */
  defender?: DefenderEntry | undefined;
  /** Azure: which way locks and requests go, by the person's setting; absent means `auto`. */
  jitWay?: JitWay | undefined;
  /** With `defender`: what the VM's own tag says. */
  tagged?: { policy?: Policy | undefined; policyError?: ErrorData | undefined } | undefined;
  /** Set when the cloud's data about the VM makes no sense: it is shown as unsupported, with these words. */
  problem?: string | undefined;
}

/** What Defender for Cloud's just-in-time policy says of a VM. Instants are epoch milliseconds, in the cloud's time. */
export interface DefenderEntry {
  /** The policy's ARM id in lower case. */
  policy: GateId;
  policyName: string;
  allows?: Policy | undefined;
  /** Set when the policy's part about this VM can't be read. */
  error?: ErrorData | undefined;
  /** Everybody's of the last 7 days, newest first; one for each port and source. */
  requests: DefenderRequest[];
}

export interface DefenderRequest {
  start: number;
  end: number;
  requestor: string;
  justification?: string | undefined;
  port: number;
  /** Canonical where it is an address; `*` is everybody. */
  source: string;
  /** As the service writes it: `Initiated`, `Revoked`, `Initiating`, perhaps others. */
  status: string;
  /** `Expired`, `UserRequested`, `NewerRequestInitiated`, perhaps others. */
  reason?: string | undefined;
  /** The grant of a Latchkey that it carries, anybody's. */
  grant?: GrantId | undefined;
}

/** One network interface with its addresses and the gates in front of it, outermost first. */
export interface NetworkInterface {
  id: string;
  primary: boolean;
  /** Private addresses, IPv4 and IPv6: what an NSG rule's destination is judged against. */
  privateAddresses: string[];
  publicAddresses: string[];
  /** Ports of load balancers that lead here; absent means none is known. */
  forwards?: Forward[] | undefined;
  layers: GateLayer[];
}

/**
 * A port of a load balancer's public address that an inbound NAT rule leads to this interface. The gates see the client's own
 * address and the interface's port: such a rule changes nothing about grants, only where a client connects to.
 */
export interface Forward {
  host: string;
  hostPort: number;
  /** The interface's port. */
  port: number;
  protocol: Protocol;
  /** The load balancer's name. */
  by: string;
}

/**
 * An Azure Firewall in front of a VM. A client connects to one of its public addresses and a mapped port; a DNAT rule leads
 * from there to the VM. It rewrites the source too: what stands behind sees an address of the firewall's subnet.
 */
export interface Firewall {
  /** The firewall's own ARM id in lower case. */
  id: string;
  kind: 'classic' | 'policy';
  publicAddresses: string[];
  /** Prefixes of the firewall's subnet. */
  subnet: string[];
  /** Where rules of grants go; with every DNAT rule that the firewall judges by, in its order. */
  gate: Gate;
}

/**
 * Gates a packet meets at one place. `first-match`: rules by priority, the first that fits decides (NSG). `admin`: the
 * same, but who fits no rule goes on to the next layer, as who fits an allow does, while an always-allow ends all
 * questions (Virtual Network Manager's security admin rules, reference 7.4).
 * `any-allow`: all rules of all gates together, one that fits lets through, nothing denies (security groups).
 * Every layer of an interface must let the packet through. An interface without layers is open to all in AWS never,
 * in Azure always (no NSG: everything is let through).
 */
export interface GateLayer {
  place: 'firewall' | 'network' | 'subnet' | 'nic' | 'instance';
  mode: 'admin' | 'first-match' | 'any-allow';
  gates: Gate[];
  /** Why the cloud did not show the rules, in words: anything may happen here. */
  unread?: string | undefined;
}

export interface Gate {
  id: GateId;
  name: string;
  /** `network-acl` and `admin-rules`: read and named, never written to. */
  kind: 'nsg' | 'security-group' | 'firewall' | 'network-acl' | 'admin-rules';
  /** For security groups: is this the VM's own group `latchkey-<instance>`? */
  own?: boolean | undefined;
  rules: GateRule[];
}

/** Inclusive. */
export interface PortRange {
  from: number;
  to: number;
}

/**
 * Where packets come from (or go to). `cidr` covers single addresses. `tag` is a service tag (VirtualNetwork,
 * Internet, AzureLoadBalancer, …); `group` an application security group, a referenced security group or a prefix list.
 */
export type AddressSpec =
  | { kind: 'any' }
  | { kind: 'cidr'; cidr: string }
  | { kind: 'tag'; tag: string }
  | { kind: 'group'; id: string; memberAddresses?: string[] | undefined };

/** One inbound rule in normal form. */
export interface GateRule {
  /** The cloud's id: the rule's ARM id in lower case, or `sgr-…`. */
  id: string;
  name: string;
  /** Only for first-match gates; lower is earlier. Default rules have 65000 and above. */
  priority?: number | undefined;
  /** `always-allow` only in a layer of admin rules. */
  access: 'allow' | 'deny' | 'always-allow';
  protocol: Protocol | 'icmp' | 'other';
  sources: AddressSpec[];
  destinations: AddressSpec[];
  ports: PortRange[];
  /**
   * Of a DNAT rule: where it leads. `destinations` and `ports` are then the firewall's own. Without `address` it leads to a name
   * that may be anybody's.
   */
  translation?: { address?: string | undefined; port: number } | undefined;
  /** Source ports; absent means any. A rule that names some can't be counted on to match a client. */
  sourcePorts?: PortRange[] | undefined;
  description?: string | undefined;
  /** Set when the rule proves to be a grant's rule of a Latchkey, anybody's. */
  mark?: RuleMark | undefined;
  /** `lock` for a Latchkey lock rule, `defender` for Defender's JIT rules, else `foreign`; `grant` goes with `mark`. */
  by: 'grant' | 'lock' | 'defender' | 'foreign' | 'default';
}

/** The gates that can be written to: an administrator's rules and network ACLs are not ours to change. */
export function gatesOf(nic: Pick<NetworkInterface, 'layers'>): Gate[] {
  const gates = nic.layers.flatMap(layer => layer.gates);
  return gates.filter(gate => gate.kind === 'nsg' || gate.kind === 'security-group');
}

/** Nothing answers on a VM that is stopped or on its way there. */
export function isOff(vm: Pick<Vm, 'power'>): boolean {
  return vm.power === 'stopped' || vm.power === 'stopping';
}
