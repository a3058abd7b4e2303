/** Elastic addresses: those that stay an account's while their instance is stopped. */
import { AwsError } from '../errors.ts';
import { filtered } from '../filters.ts';
import type { NetworkInterface } from '../world.ts';
import { items, tagSet } from '../xml.ts';
import { type Action, type Call, reads } from './call.ts';
import { elasticIds } from './interfaces.ts';

export const addressActions: Record<string, Action> = { DescribeAddresses: reads(describe) };

function describe({ region, params, world }: Call) {
  const elastic = [...region.interfaces.values()].filter(nic => nic.elasticId !== undefined);
  const byId = picked(elastic, params.texts('AllocationId'), nic => nic.elasticId, 'InvalidAllocationID');
  const wanted = picked(byId, params.texts('PublicIp'), nic => nic.publicAddress, 'InvalidAddress');
  const found = filtered(wanted, params, {
    'allocation-id': nic => nic.elasticId,
    'association-id': nic => elasticIds(nic).associationId,
    'public-ip': nic => nic.publicAddress,
    'private-ip-address': nic => nic.privateAddress,
    'instance-id': nic => nic.instanceId,
    'network-interface-id': nic => nic.id,
    'network-interface-owner-id': () => world.account,
  });
  return {
    addressesSet: items(
      found.map(nic => ({
        publicIp: nic.publicAddress,
        ...elasticIds(nic),
        domain: 'vpc',
        instanceId: nic.instanceId,
        networkInterfaceId: nic.id,
        networkInterfaceOwnerId: world.account,
        privateIpAddress: nic.privateAddress,
        publicIpv4Pool: 'amazon',
        networkBorderGroup: region.name,
        tagSet: tagSet(new Map()),
      })),
    ),
  };
}

/** All where none is named. Throws `<code>.NotFound`. */
function picked(
  all: NetworkInterface[],
  names: string[],
  of: (nic: NetworkInterface) => string | undefined,
  code: string,
): NetworkInterface[] {
  if (names.length === 0) return all;
  return names.map(name => {
    const nic = all.find(each => of(each) === name);
    if (!nic) throw new AwsError(`${code}.NotFound`, `Address '${name}' not found.`);
    return nic;
  });
}
