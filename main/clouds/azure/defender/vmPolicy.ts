/** What a Defender policy says of one VM, in the model of our own policies and back. */
import { type Policy, type PolicyPort, policy as policyShape } from '../../../../shared/contract/policies.ts';
import { bareAddress, canonicalCidr, cidrFamily, isAnyCidr } from '../../../../shared/domain/cidr.ts';
import { formatDuration, parseDuration, toIsoDuration } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { policyTime, takesIpv6 } from './assumptions.ts';
import { type PolicyVm, type PortRule, parsePort, prefixesOf } from './policy.ts';

/** Throws BAD_INPUT that names what can't be understood: half a policy must not be worked with. */
export function policyOf(entry: PolicyVm): Policy {
  const ports = entry.ports.map(port => portOf(port));
  const read = policyShape.safeParse({ ports });
  if (read.success) return read.data;
  throw unreadable(read.error.issues.map(issue => issue.message).join('; '));
}

/** One port in our model. Throws BAD_INPUT. */
export function portOf(json: unknown): PolicyPort {
  const rule = parsePort(json);
  if (rule === undefined) throw unreadable('one of its ports has no number, protocol or longest time');
  return {
    port: rule.number,
    protocol: protocolOf(rule),
    sources: sourcesOf(rule),
    maxMs: longestOf(rule),
  };
}

function protocolOf(rule: PortRule): PolicyPort['protocol'] {
  switch (rule.protocol.toLowerCase()) {
    case 'tcp':
      return 'tcp';
    case 'udp':
      return 'udp';
    case '*':
    case 'all':
      return 'any';
    default:
      throw unreadable(`port ${rule.number} has the protocol “${rule.protocol.slice(0, 40)}”`);
  }
}

function sourcesOf(rule: PortRule): string[] {
  const texts = prefixesOf(rule);
  if (texts.some(isEverybody)) return [];
  try {
    return texts.map(canonicalCidr);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    throw unreadable(`port ${rule.number} has a source that is no address: ${error.message}`);
  }
}

function isEverybody(text: string): boolean {
  return text === '*' || text.toLowerCase() === 'any' || text === '0.0.0.0/0';
}

function longestOf(rule: PortRule): number {
  try {
    return parseDuration(rule.maxRequestAccessDuration);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    throw unreadable(`port ${rule.number} has a longest time that is none: ${error.message}`);
  }
}

/** A port as the service wants it. Throws BAD_INPUT for what Defender can't hold, with its limit. */
export function portRule(port: PolicyPort): PortRule {
  const { leastMs, mostMs } = policyTime;
  if (port.maxMs < leastMs || port.maxMs > mostMs) {
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `Defender allows between ${formatDuration(leastMs)} and ${formatDuration(mostMs)} for a port, not ${formatDuration(port.maxMs)} (port ${port.port}).`,
      fix: 'Choose a time in between, or set this subscription to `direct`.',
    });
  }
  const six = port.sources.find(source => cidrFamily(source) === 'ipv6');
  if (six !== undefined && !takesIpv6) {
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `Defender's policies name IPv4 addresses; ${six} is IPv6 (port ${port.port}).`,
      fix: 'Leave it out, or set this subscription to `direct`.',
    });
  }
  const sources = port.sources.map(source => (isAnyCidr(source) ? '*' : bareAddress(source)));
  const [only = '*'] = sources;
  return {
    number: port.port,
    protocol: { tcp: 'TCP', udp: 'UDP', any: '*' }[port.protocol],
    ...(sources.length > 1
      ? { allowedSourceAddressPrefixes: sources }
      : { allowedSourceAddressPrefix: only }),
    maxRequestAccessDuration: toIsoDuration(port.maxMs),
  };
}

function unreadable(what: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The VM's Defender policy can't be understood: ${what}.`,
    fix: 'Repair it in the portal, or lock the VM again to write it anew.',
  });
}
