/**
 * Every text that is sent to Resource Graph, and nothing else: a test parses each against the schema of its table. Each
 * projects `id` and has an order, or paging is off (reference section 7.7).
 */

const resources = (type: string, columns: string) =>
  `resources | where type =~ '${type}' | project ${columns} | order by id asc`;

export const queries = {
  nics: resources(
    'microsoft.network/networkinterfaces',
    'id, networkSecurityGroup = properties.networkSecurityGroup, ipConfigurations = properties.ipConfigurations',
  ),
  addresses: resources('microsoft.network/publicipaddresses', 'id, ipAddress = properties.ipAddress'),
  gates: resources(
    'microsoft.network/networksecuritygroups',
    'id, name, securityRules = properties.securityRules, defaultSecurityRules = properties.defaultSecurityRules',
  ),
  networks: resources(
    'microsoft.network/virtualnetworks',
    'id, subnets = properties.subnets, peerings = properties.virtualNetworkPeerings',
  ),
  /** Load balancers, firewalls, what these judge by, and the routes that lead to them: few, so one query. */
  edges:
    "resources | where type in~ ('microsoft.network/loadbalancers', 'microsoft.network/azurefirewalls', 'microsoft.network/firewallpolicies', " +
    "'microsoft.network/firewallpolicies/rulecollectiongroups', 'microsoft.network/routetables') " +
    '| project id, name, type, properties | order by id asc',
  /** Classic ones too: a query more for each subscription would be one more of the 15 that five seconds allow. */
  vms:
    "resources | where type in~ ('microsoft.compute/virtualmachines', 'microsoft.classiccompute/virtualmachines') " +
    '| project id, type, name, location, tags, os = properties.storageProfile.osDisk.osType, ' +
    'size = properties.hardwareProfile.vmSize, image = properties.storageProfile.imageReference, ' +
    'nics = properties.networkProfile.networkInterfaces, ' +
    'power = properties.extended.instanceView.powerState.code, classicSize = properties.hardwareProfile.size, ' +
    'classicOs = properties.storageProfile.operatingSystemDisk.operatingSystem, ' +
    'classicPower = properties.instanceView.powerState | order by id asc',
} as const;
