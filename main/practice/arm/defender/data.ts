/** What Defender for Cloud keeps of a world: plans, policies and the requests that are under way. */

import type { DefenderTraits } from './traits.ts';

/** Fields no version of ours knows are kept as they came: the service may be newer than its clients. */
export interface PortRule {
  number: number;
  protocol: string;
  allowedSourceAddressPrefix?: string | undefined;
  allowedSourceAddressPrefixes?: string[] | undefined;
  maxRequestAccessDuration: string;
  [more: string]: unknown;
}
export interface PolicyVm {
  id: string;
  ports: PortRule[];
  [more: string]: unknown;
}
export interface RequestPort {
  number: number;
  allowedSourceAddressPrefix: string;
  endTimeUtc: string;
  status: string;
  statusReason: string;
}
export interface JitRequest {
  virtualMachines: { id: string; ports: RequestPort[] }[];
  startTimeUtc: string;
  requestor: string;
  justification?: string | undefined;
}

export interface JitPolicy {
  id: string;
  name: string;
  location: string;
  kind: string;
  virtualMachines: PolicyVm[];
  /** Oldest first. */
  requests: JitRequest[];
  /** Properties beside these, as a client wrote them. */
  more: Record<string, unknown>;
}

/** A port that a request holds open now. */
export interface OpenPort {
  policy: string;
  vm: string;
  port: RequestPort;
  request: JitRequest;
  /** Epoch milliseconds. */
  endsAt: number;
  /** The rules that carry it. */
  rules: { nsg: string; name: string }[];
}

export class DefenderData {
  /** By lower-case id. */
  readonly policies = new Map<string, JitPolicy>();
  /** Lower-case ids of subscriptions with Defender for Servers Plan 2. */
  readonly plans = new Set<string>();
  open: OpenPort[] = [];
  readonly traits: DefenderTraits = {
    subset: 'within',
    shortestMs: 0,
    replaces: 'same-source',
    writes: 'both',
  };

  policy(id: string): JitPolicy | undefined {
    return this.policies.get(id.toLowerCase());
  }
}
