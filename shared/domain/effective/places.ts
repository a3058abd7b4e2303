/** Ranges with a meaning of their own, and what a rule's word for a place can stand for. */
import type { AddressSpec } from '../vm.ts';
import { type AddressSet, everywhere, nowhere, setOf, subtract, union } from './addressSet.ts';

/** Networks of one's own: RFC 1918, carrier-grade NAT (RFC 6598), link-local (RFC 3927, 4291), ULA (RFC 4193). */
const privateNetworks = setOf(
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fe80::/10',
  'fc00::/7',
);

/** Azure's health probes (learn: “What is IP address 168.63.129.16?”; IPv6 probes of Load Balancer). */
const healthProbes = setOf('168.63.129.16', 'fe80::1234:5678:9abc');

/**
 * Who counts as the internet: everybody but private networks, Azure's own probes, multicast, “this network” and the
 * reserved block. Loopback does count: a real packet never comes from there, and in the practice cloud, where all is
 * on one computer, 127.0.0.0/8 and ::1 are the internet.
 */
export const internet = subtract(
  everywhere,
  union(privateNetworks, healthProbes, setOf('0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', 'ff00::/8', '::')),
);

/** What a rule's places cover: `sure` certainly, `may` at most. */
export interface Cover {
  sure: AddressSet;
  may: AddressSet;
}

const all: Cover = { sure: everywhere, may: everywhere };
const none: Cover = { sure: nowhere, may: nowhere };
const perhaps: Cover = { sure: nowhere, may: everywhere };

/** Worked out once for each spec: a list asks the rules of one gate again for every VM and port behind it. */
const covers = new WeakMap<AddressSpec, Cover>();

/** What a source covers. */
export function sourceCover(spec: AddressSpec): Cover {
  const known = covers.get(spec) ?? coverOf(spec);
  covers.set(spec, known);
  return known;
}

function coverOf(spec: AddressSpec): Cover {
  switch (spec.kind) {
    case 'any':
      return all;
    case 'cidr':
      return exactly(spec.cidr);
    case 'tag':
      return tagCover(spec.tag);
    case 'group':
      return groupCover(spec);
  }
}

/** What a source covers of the internet. Members of a group or a virtual network are not the internet. */
export function internetCover(spec: AddressSpec): Cover {
  if (spec.kind === 'group' && !isPrefixList(spec.id)) return none;
  if (spec.kind === 'tag' && tagName(spec.tag) === 'virtualnetwork') return none;
  return sourceCover(spec);
}

/** What a source covers of addresses that are known to be in the virtual network. */
export function networkCover(spec: AddressSpec): Cover {
  return spec.kind === 'tag' && tagName(spec.tag) === 'virtualnetwork' ? all : sourceCover(spec);
}

/** What a destination covers of the addresses a VM has: each of them is in the virtual network, none is the internet. */
export function destinationCover(spec: AddressSpec): Cover {
  if (spec.kind !== 'tag') return sourceCover(spec);
  const tag = tagName(spec.tag);
  if (tag === 'virtualnetwork') return all;
  return tag === 'internet' || tag === 'azureloadbalancer' ? none : perhaps;
}

function tagCover(tag: string): Cover {
  switch (tagName(tag)) {
    case 'internet':
      return { sure: internet, may: internet };
    case 'azureloadbalancer':
      return { sure: healthProbes, may: healthProbes };
    case 'virtualnetwork':
      // Which of the private networks are this one (or peered with it), we don't know.
      return { sure: nowhere, may: privateNetworks };
    default:
      return perhaps;
  }
}

function groupCover(group: { id: string; memberAddresses?: string[] | undefined }): Cover {
  if (group.memberAddresses !== undefined) {
    const covers = group.memberAddresses.map(exactly);
    return { sure: union(...covers.map(c => c.sure)), may: union(...covers.map(c => c.may)) };
  }
  if (isPrefixList(group.id)) return perhaps;
  // Members are known by their private addresses, which in IPv6 may be any.
  return { sure: nowhere, may: union(privateNetworks, setOf('::/0')) };
}

/** A CIDR we can't read might be any. */
function exactly(cidr: string): Cover {
  const set = readable(cidr);
  return set === undefined ? perhaps : { sure: set, may: set };
}

function readable(cidr: string): AddressSet | undefined {
  try {
    return setOf(cidr);
  } catch {
    return undefined;
  }
}

/** AWS names prefix lists `pl-…`; they may hold public addresses, groups do not. */
function isPrefixList(id: string): boolean {
  return /(^|\/)pl-/.test(id);
}

/** `VirtualNetwork`, and the classic spelling `AZURE_LOADBALANCER`. */
function tagName(tag: string): string {
  return tag.toLowerCase().replaceAll('_', '');
}
