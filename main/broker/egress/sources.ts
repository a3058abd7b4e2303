/** Which source CIDRs a request means. */
import type { MyIp } from '../../../shared/contract/egress.ts';
import { canonicalCidr, cidrContains, cidrFamily, type Family } from '../../../shared/domain/cidr.ts';
import { policyInForce } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

/**
 * My IP for one VM, canonical. `families`: those the VM is reached over, most wanted first. Throws MY_IP_UNKNOWN,
 * MY_IP_DISAGREES, SOURCE_FAMILY; each holds all answers in `detail`.
 */
export function myIpSources(vmName: string, families: Family[], myIp: MyIp): string[] {
  const detail = { observations: myIp.observations };
  const fix = 'Name the address yourself: --source 203.0.113.7, or the source field of the request.';
  for (const family of families) {
    const { state, address, ranges } = myIp[family];
    if (state === 'agreed' && address !== undefined) return [canonicalCidr(address)];
    if (state === 'organisation' && ranges) return ranges;
  }
  const wanted = families.map(family => (family === 'ipv4' ? 'IPv4' : 'IPv6')).join(' or ');
  if (families.some(family => myIp[family].state === 'differ')) {
    const seen = new Set(
      myIp.observations.flatMap(({ address, family }) =>
        families.includes(family) && address ? address : [],
      ),
    );
    throw new LatchkeyError({
      code: 'MY_IP_DISAGREES',
      message: `The observers of your address saw different ones: ${[...seen].join(', ')}.`,
      fix: `${fix} If your organisation leaves through several addresses, put their ranges into the settings.`,
      detail,
    });
  }
  const other = (['ipv4', 'ipv6'] as const).find(
    family => !families.includes(family) && myIp[family].state === 'agreed',
  );
  if (other !== undefined) {
    throw new LatchkeyError({
      code: 'SOURCE_FAMILY',
      message: `${vmName} is reached over ${wanted}, but you are only seen over ${other === 'ipv4' ? 'IPv4' : 'IPv6'}.`,
      fix: 'Connect from a network that has this address family.',
      detail,
    });
  }
  throw new LatchkeyError({
    code: 'MY_IP_UNKNOWN',
    message: `Your address could not be found out: too few observers answered over ${wanted}.`,
    fix,
    detail,
  });
}

/**
 * What the policy allows for all of these ports, canonical; a port that allows any source means every address of the
 * VM's families. Throws as `policyInForce`, and SOURCE_NOT_ALLOWED where the ports have no source in common.
 */
export function policySources(vm: Vm, families: Family[], ports: number[]): string[] {
  const policy = policyInForce(vm);
  const every = families.map(family => (family === 'ipv4' ? '0.0.0.0/0' : '::/0'));
  const allowed = policy.ports
    .filter(({ port }) => ports.includes(port))
    .map(port => (port.sources.length > 0 ? port.sources.map(canonicalCidr) : every));
  const common = [...new Set(allowed.flat())].filter(source =>
    allowed.every(ranges => ranges.some(range => cidrContains(range, source))),
  );
  if (common.length > 0 || allowed.length === 0) return common;
  throw new LatchkeyError({
    code: 'SOURCE_NOT_ALLOWED',
    message: `The policy of ${vm.name} allows ports ${ports.join(', ')} for different sources.`,
    fix: 'Ask for one port at a time.',
  });
}

/** A source as a person typed it, canonical. Throws BAD_CIDR, and SOURCE_FAMILY where no address of the VM is of its family. */
export function typedSource(vmName: string, families: Family[], text: string): string {
  const source = canonicalCidr(text);
  if (families.includes(cidrFamily(source))) return source;
  throw new LatchkeyError({
    code: 'SOURCE_FAMILY',
    message: `${source} is ${cidrFamily(source) === 'ipv4' ? 'IPv4' : 'IPv6'}, and ${vmName} has no such address.`,
    fix: `Name an ${families.includes('ipv4') ? 'IPv4' : 'IPv6'} source.`,
  });
}

/** Address families of a VM: all it has, and those it is reached over from outside (its public ones, where it has any). */
export function familiesOfVm(vm: Vm): { all: Family[]; reached: Family[] } {
  const publics = families(vm.interfaces.flatMap(nic => nic.publicAddresses));
  const all = families(vm.interfaces.flatMap(nic => [...nic.publicAddresses, ...nic.privateAddresses]));
  return { all, reached: publics.length > 0 ? publics : all };
}

function families(addresses: string[]): Family[] {
  const found = new Set(addresses.map(cidrFamily));
  return (['ipv4', 'ipv6'] as const).filter(family => found.has(family));
}
