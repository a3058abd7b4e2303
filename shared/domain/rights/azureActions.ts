/**
 * Every right in Azure that a job of Latchkey takes: the one place where they stand. Roles are printed from it, the doctor
 * asks for them, and what is refused is explained by it. Names: reference section 3; a test takes each away in turn.
 */

/** What a person wants to do. Each includes those before it. */
export const jobs = ['view', 'request', 'configure'] as const;
export type Job = (typeof jobs)[number];

/** How a VM's ports are opened there: single NSG rules, DNAT rules of an Azure Firewall, or Defender for Cloud's JIT. */
export const modes = ['direct', 'firewall', 'defender'] as const;
export type Mode = (typeof modes)[number];

/** The resource of a VM's surroundings at which a right is needed. */
export type Place = 'subscription' | 'vm' | 'interface' | 'address' | 'network' | 'nsg' | 'firewall';

export interface ActionUse {
  action: string;
  /** The first job that needs it; `doctor`: only `latchkey doctor` does. */
  job: Job | 'doctor';
  /** In which modes; absent means in all. */
  modes?: readonly Mode[];
  at: Place | readonly Place[];
  /** What it is for: goes on after “lets you”. */
  use: string;
}

const compute = 'Microsoft.Compute/virtualMachines';
const network = 'Microsoft.Network';
const rules = `${network}/networkSecurityGroups/securityRules`;
const jit = 'Microsoft.Security/locations/jitNetworkAccessPolicies';
const writesNsg = ['direct', 'firewall'] as const;

export const azureActions: readonly ActionUse[] = [
  {
    action: 'Microsoft.Resources/subscriptions/read',
    job: 'view',
    at: 'subscription',
    use: 'find the subscriptions',
  },
  { action: `${compute}/read`, job: 'view', at: 'vm', use: 'list VMs and read their policies' },
  {
    action: 'Microsoft.ClassicCompute/virtualMachines/read',
    job: 'view',
    at: 'subscription',
    use: 'list classic VMs, which are shown and never opened',
  },
  {
    action: `${network}/networkInterfaces/read`,
    job: 'view',
    at: 'interface',
    use: 'find the addresses of VMs',
  },
  {
    action: `${network}/publicIPAddresses/read`,
    job: 'view',
    at: 'address',
    use: 'find where to connect to',
  },
  { action: `${network}/virtualNetworks/read`, job: 'view', at: 'network', use: 'find the NSGs of subnets' },
  {
    action: `${network}/virtualNetworks/subnets/read`,
    job: 'view',
    at: 'network',
    use: 'look at one VM freshly',
  },
  {
    action: `${network}/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action`,
    job: 'view',
    at: 'network',
    use: 'read the admin rules of Virtual Network Manager, which stand before every NSG',
  },
  {
    action: `${network}/loadBalancers/read`,
    job: 'view',
    at: 'subscription',
    use: 'find VMs that are reached through a load balancer',
  },
  {
    action: `${network}/networkSecurityGroups/read`,
    job: 'view',
    at: 'nsg',
    use: 'tell who gets in',
  },
  {
    action: `${jit}/read`,
    job: 'view',
    at: 'subscription',
    use: 'find the VMs that Defender for Cloud keeps',
  },
  {
    action: `${network}/azureFirewalls/read`,
    job: 'view',
    at: 'subscription',
    use: 'find the firewall in front of a VM',
  },
  {
    action: `${network}/routeTables/read`,
    job: 'view',
    modes: ['firewall'],
    at: 'network',
    use: 'tell which firewall the routes of a subnet lead to',
  },
  {
    action: `${network}/firewallPolicies/read`,
    job: 'view',
    modes: ['firewall'],
    at: 'firewall',
    use: 'find the policy of a firewall',
  },
  {
    action: `${network}/firewallPolicies/ruleCollectionGroups/read`,
    job: 'view',
    modes: ['firewall'],
    at: 'firewall',
    use: 'tell who gets in through a firewall',
  },
  {
    action: `${compute}/retrieveBootDiagnosticsData/action`,
    job: 'view',
    at: 'vm',
    use: 'read SSH host keys from the console log',
  },
  {
    action: 'Microsoft.Insights/eventtypes/values/read',
    job: 'view',
    at: 'subscription',
    use: 'read the activity log',
  },

  {
    action: `${rules}/read`,
    job: 'request',
    at: 'nsg',
    use: 'see that a rule stands as written',
  },
  {
    action: `${network}/networkSecurityGroups/read`,
    job: 'request',
    modes: writesNsg,
    at: 'subscription',
    use: 'find rules past their end',
  },
  { action: `${rules}/write`, job: 'request', modes: writesNsg, at: 'nsg', use: 'open a port' },
  { action: `${rules}/delete`, job: 'request', at: 'nsg', use: 'shut a port' },
  {
    action: `${network}/locations/operations/read`,
    job: 'request',
    modes: writesNsg,
    at: 'subscription',
    use: 'follow a write to its end, and tell why one failed',
  },
  {
    action: `${jit}/initiate/action`,
    job: 'request',
    modes: ['defender'],
    at: 'subscription',
    use: 'ask Defender for Cloud to open a port',
  },

  // A firewall has no resource for a rule: whoever may write one, writes all of it (reference 3.3).
  {
    action: `${network}/azureFirewalls/write`,
    job: 'request',
    modes: ['firewall'],
    at: 'firewall',
    use: 'open a port of a classic firewall',
  },
  {
    action: `${network}/publicIPAddresses/join/action`,
    job: 'request',
    modes: ['firewall'],
    at: 'firewall',
    use: 'write a firewall back with its addresses',
  },
  {
    action: `${network}/virtualNetworks/subnets/join/action`,
    job: 'request',
    modes: ['firewall'],
    at: 'firewall',
    use: 'write a firewall back with its subnet',
  },
  {
    action: `${network}/firewallPolicies/ruleCollectionGroups/write`,
    job: 'request',
    modes: ['firewall'],
    at: 'firewall',
    use: 'open a port of a firewall that has a policy',
  },
  {
    action: `${network}/firewallPolicies/ruleCollectionGroups/delete`,
    job: 'request',
    modes: ['firewall'],
    at: 'firewall',
    use: 'remove Latchkey’s group with its last rule',
  },

  {
    action: `${network}/networkInterfaces/read`,
    job: 'configure',
    at: 'subscription',
    use: 'name the other VMs that a lock touches',
  },
  {
    action: `${network}/applicationSecurityGroups/joinNetworkSecurityRule/action`,
    job: 'configure',
    at: 'subscription',
    use: 'move a rule that names application security groups out of a lock’s way',
  },
  {
    action: `${jit}/write`,
    job: 'configure',
    modes: ['defender'],
    at: 'subscription',
    use: 'put a VM into a policy of Defender for Cloud, or change it',
  },
  {
    action: `${jit}/delete`,
    job: 'configure',
    modes: ['defender'],
    at: 'subscription',
    use: 'delete a policy with its last VM',
  },
  {
    action: `${compute}/write`,
    job: 'configure',
    modes: ['defender'],
    at: 'vm',
    use: 'have Defender for Cloud protect a VM, which asks for this right too',
  },
  {
    action: `${rules}/write`,
    job: 'configure',
    modes: ['defender'],
    at: 'nsg',
    use: 'deny a port that Defender’s own rule would not shut',
  },
  {
    action: 'Microsoft.Resources/tags/read',
    job: 'configure',
    at: ['vm', 'nsg'],
    use: 'see that a policy stands as written',
  },
  {
    action: 'Microsoft.Resources/tags/write',
    job: 'configure',
    at: ['vm', 'nsg'],
    use: 'keep the policy in the tags of the VM',
  },

  {
    action: 'Microsoft.Authorization/permissions/read',
    job: 'doctor',
    at: 'vm',
    use: 'tell what you may do',
  },
  { action: 'Microsoft.Authorization/locks/read', job: 'doctor', at: 'nsg', use: 'find resource locks' },
  {
    action: 'Microsoft.Security/pricings/read',
    job: 'doctor',
    at: 'subscription',
    use: 'find the plan of Defender for Cloud',
  },
];

/** What a job takes in these modes, the jobs it includes too; an action comes again where another job needs it elsewhere. `doctor`: with what only `latchkey doctor` needs. */
export function actionsFor(job: Job, inModes: readonly Mode[], doctor = false): ActionUse[] {
  const included: ActionUse['job'][] = [
    ...jobs.slice(0, jobs.indexOf(job) + 1),
    ...(doctor ? ['doctor' as const] : []),
  ];
  return azureActions.filter(
    use =>
      included.includes(use.job) &&
      (use.modes === undefined || use.modes.some(mode => inModes.includes(mode))),
  );
}

/** The first use of an action, in any case of letters; undefined for what Latchkey never asks for. */
export function useOf(action: string): ActionUse | undefined {
  return azureActions.find(use => use.action.toLowerCase() === action.toLowerCase());
}
