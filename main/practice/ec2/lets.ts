/**
 * Would the emulated network let a new TCP connection through? The practice cloud's own answer: it must not share
 * code with the evaluation it is there to test.
 */
import ipaddr from 'ipaddr.js';
import { type GroupRule, isSeen, type NetworkInterface, type Region, seenGroups } from './world.ts';

/** `source` as address text. The subnet's ACL must let it through, and one rule of one of the interface's groups. */
export function lets(
  region: Region,
  nic: NetworkInterface,
  source: string,
  port: number,
  now: number,
): boolean {
  if (!ipaddr.isValid(source)) return false;
  const address = ipaddr.process(source);
  if (!aclLets(region, nic, address, port, false)) return false;
  // ACLs know no connections: the answer needs a way of its own, to whatever port the client chose.
  if (!clientPorts.every(back => aclLets(region, nic, address, back, true))) return false;
  return seenGroups(nic, now).some(id => {
    const rules = region.groups.get(id)?.rules.values() ?? [];
    return [...rules].some(rule => isSeen(rule, now) && ruleLets(region, rule, address, port));
  });
}

/** Ends of the ranges that systems choose a client's port from. */
const clientPorts = [1024, 32_768, 49_152, 60_999, 65_535];

type Address = ipaddr.IPv4 | ipaddr.IPv6;

function ruleLets(region: Region, rule: GroupRule, address: Address, port: number): boolean {
  if (rule.egress) return false;
  const all = rule.protocol === '-1';
  if (!all && (rule.protocol !== 'tcp' || port < rule.fromPort || port > rule.toPort)) return false;
  const { peer } = rule;
  if (peer.kind === 'list') {
    const cidrs = region.prefixLists.get(peer.listId)?.cidrs ?? [];
    return cidrs.some(cidr => isWithin(address, cidr));
  }
  if (peer.kind !== 'group') return isWithin(address, peer.cidr);
  const text = address.toString();
  return [...region.interfaces.values()].some(
    other =>
      other.groupIds.includes(peer.groupId) &&
      (other.privateAddress === text || other.ipv6Addresses.includes(text)),
  );
}

/** Of the entries of one direction, the one with the lowest number that fits decides; without one nothing passes. */
function aclLets(
  region: Region,
  nic: NetworkInterface,
  address: Address,
  port: number,
  egress: boolean,
): boolean {
  const acl = [...region.acls.values()].find(each => each.subnetIds.includes(nic.subnetId));
  const deciding = acl?.entries
    .filter(entry => entry.egress === egress && isWithin(address, entry.cidr))
    .filter(entry => entry.protocol === '-1' || entry.protocol === '6')
    .filter(entry => !entry.ports || (port >= entry.ports.from && port <= entry.ports.to))
    .sort((a, b) => a.number - b.number)[0];
  return deciding?.allow ?? false;
}

function isWithin(address: Address, cidr: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return address.kind() === network.kind() && address.match(network, bits);
}
