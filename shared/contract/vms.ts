/** VMs: the lists with their tabs, and one VM with the way a packet takes to it. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { cloudKind, errorData, instant, portNumber, procedure, protocol, vmRef } from './common.ts';
import { policy } from './policies.ts';

export const tab = z.enum(['configured', 'not-configured', 'unsupported']);
export type Tab = z.infer<typeof tab>;

/** Where a person's client really connects to for a port of the VM. */
export const endpoint = z.object({ port: portNumber, host: z.string(), hostPort: portNumber });
export type Endpoint = z.infer<typeof endpoint>;

/** open: a live grant of ours · shut: nobody from the internet gets in · exposed: some address does without a grant · stopped · unknown. */
export const access = z.enum(['open', 'shut', 'exposed', 'stopped', 'unknown']);
export type Access = z.infer<typeof access>;

export const power = z.enum(['running', 'stopped', 'starting', 'stopping', 'unknown']);
export type Power = z.infer<typeof power>;

/** Where a value is from: this Latchkey's own ledger, the cloud's activity log, or the requests in Defender's policy. */
export const valueSource = z.enum(['ledger', 'activity-log', 'defender']);
export type ValueSource = z.infer<typeof valueSource>;

export const vmRow = z.object({
  id: z.string(),
  name: z.string(),
  cloud: cloudKind,
  account: z.string(),
  accountName: z.string(),
  /** Subscription id, or `<account>/<region>`: the piece that is refreshed (and can fail) by itself. */
  scope: z.string(),
  scopeName: z.string(),
  location: z.string(),
  resourceGroup: z.string().optional(),
  os: z.enum(['linux', 'windows', 'unknown']),
  image: z.string().optional(),
  size: z.string().optional(),
  power,
  tab,
  /** Why it is unsupported, in words. */
  reason: z.string().optional(),
  access,
  /** Protected ports that are exposed now. */
  exposedPorts: z.array(portNumber),
  protectedPorts: z.array(portNumber),
  /** Icon of the connection column. */
  gate: z.enum(['nsg', 'security-group', 'firewall', 'none']),
  addresses: z.object({ public: z.array(z.string()), private: z.array(z.string()) }),
  endpoints: z.array(endpoint),
  /** Approved requests per day, oldest first, the last 7 days. */
  week: z.array(z.int()),
  requestsFrom: valueSource,
  /** When access was last approved. `activeUntil`: and it lasts until then, by somebody else's grant. */
  lastAccess: instant.optional(),
  activeUntil: instant.optional(),
  lastUser: z.string().optional(),
  /** Of `lastAccess` and `lastUser`. */
  lastFrom: valueSource.optional(),
  /** What somebody else changed on its policy or lock in the last 7 days, unless it was locked or unlocked here since. */
  changed: z.object({ at: instant, text: z.string() }).optional(),
});
export type VmRow = z.infer<typeof vmRow>;

/** One station on a packet's way, as the window draws it. */
export const hop = z.object({
  kind: z.enum([
    'you',
    'firewall',
    'load-balancer',
    'admin-rules',
    'subnet-nsg',
    'nic-nsg',
    'network-acl',
    'security-groups',
    'vm',
  ]),
  title: z.string(),
  lets: z.enum(['yes', 'no', 'unknown']),
  /** Set where an admin rule has the last word: `ends` at the one that lets in for good, `unasked` at every later gate. */
  final: z.enum(['ends', 'unasked']).optional(),
  /** The rule that decides, e.g. `100 latchkey-7f3a-22`. */
  rule: z.string().optional(),
  note: z.string().optional(),
});
export type Hop = z.infer<typeof hop>;

export const vmDetail = vmRow.extend({
  policy: policy.optional(),
  policyError: errorData.optional(),
  /** The Defender for Cloud policy that names the VM; `used`: locks and requests go through it. */
  defender: z.object({ policy: z.string(), used: z.boolean() }).optional(),
  /** For each protected (or default) port: may `source` reach it now, and who decides. */
  ways: z.array(
    z.object({
      port: portNumber,
      protocol,
      source: z.string(),
      reach: z.enum(['yes', 'no', 'unknown']),
      hops: z.array(hop),
    }),
  ),
});
export type VmDetail = z.infer<typeof vmDetail>;

export const scopeStatus = z.object({
  scope: z.string(),
  scopeName: z.string(),
  account: z.string(),
  state: z.enum(['never', 'refreshing', 'fresh', 'failed']),
  refreshedAt: instant.optional(),
  vms: z.int(),
  error: errorData.optional(),
});
export type ScopeStatus = z.infer<typeof scopeStatus>;

export const tabCounts = z.object({
  configured: z.int(),
  notConfigured: z.int(),
  unsupported: z.int(),
  exposed: z.int(),
});
export const vmList = z.object({ vms: z.array(vmRow), counts: tabCounts, scopes: z.array(scopeStatus) });
export type VmList = z.infer<typeof vmList>;

/** A patch of the list: rows to put in (by id), rows gone, counts and scopes as they are now. */
export const vmPatch = z.object({
  rev: z.int(),
  upsert: z.array(vmRow),
  gone: z.array(z.string()),
  counts: tabCounts,
  scopes: z.array(scopeStatus),
});
export const vmChange = z.discriminatedUnion('kind', [
  vmList.extend({ kind: z.literal('snapshot'), rev: z.int() }),
  vmPatch.extend({ kind: z.literal('patch') }),
]);
export type VmChange = z.infer<typeof vmChange>;

export const vmsContract = {
  /** The list, filtered. `refresh`: ask the clouds first, else what is known, once all was seen. Counts are of all VMs that match `search`. */
  list: procedure
    .input(
      z.object({
        tab: tab.optional(),
        search: z.string().max(500).optional(),
        refresh: z.boolean().optional(),
      }),
    )
    .output(vmList),
  /** One VM, looked at freshly in its cloud. */
  get: procedure.input(z.object({ vm: vmRef })).output(vmDetail),
  /** Starts a refresh of all scopes; returns at once, the watch tells. */
  refresh: procedure.input(z.object({})).output(z.object({})),
  /** Snapshot, then patches. */
  watch: procedure.input(z.object({})).output(eventIterator(vmChange)),
};
