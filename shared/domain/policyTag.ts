/**
 * A VM's policy as tags on the VM, so that the whole team shares it and inventory reads it with the VM:
 *
 *     latchkey-policy = 22/tcp=3h@any 3389/tcp=1h@203.0.113.0/24+2001:db8::/32
 *
 * Port, protocol (tcp, udp, any), longest time, allowed sources. A value holds 256 characters, of those that both
 * clouds' tags take. What does not fit goes on in `latchkey-policy-2`, `-3`; a value that goes on ends in `_`, so that a
 * lost piece is found out (half an address would be a wider one).
 */
import { type Policy, type PolicyPort, policy as policySchema } from '../contract/policies.ts';
import { LatchkeyError } from '../errors.ts';
import { bareAddress, canonicalCidr } from './cidr.ts';
import { formatDuration, parseDuration } from './time.ts';

/** The tag keys a policy may take, in order. Those that `policyTags` does not give must be removed when writing. */
export const policyTagKeys = ['latchkey-policy', 'latchkey-policy-2', 'latchkey-policy-3'] as const;
const valueLength = 256;
const goesOn = '_';

/** Defender for Cloud's recommended ports (reference 2.7): any source, three hours. */
export const defaultPolicy: Policy = {
  ports: [22, 3389, 5985, 5986].map(port => ({ port, protocol: 'tcp', sources: [], maxMs: 3 * 3_600_000 })),
};

/** The tags of a policy. Throws BAD_INPUT if it does not fit, BAD_CIDR for a source that is none. */
export function policyTags(policy: Policy): Record<string, string> {
  let rest = policy.ports.map(portText).join(' ');
  const tags: Record<string, string> = {};
  for (const key of policyTagKeys) {
    if (rest.length <= valueLength) {
      tags[key] = rest;
      return tags;
    }
    // Clouds may trim the ends of a value: the next one must not begin with a space.
    const room = valueLength - goesOn.length;
    const cut = rest[room] === ' ' ? room - 1 : room;
    tags[key] = rest.slice(0, cut) + goesOn;
    rest = rest.slice(cut);
  }
  const room = policyTagKeys.length * valueLength;
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The policy is ${rest.length} characters too long for the VM's tags (they hold about ${room}).`,
    fix: 'Use fewer ports, or fewer and wider source ranges.',
  });
}

/**
 * The policy in a VM's tags, with canonical sources; undefined if there is none. Tag names are compared in any case
 * (Azure's are case-insensitive). Throws BAD_INPUT that names what is wrong in a damaged tag.
 */
export function readPolicy(tags: Readonly<Record<string, string | undefined>>): Policy | undefined {
  const byKey = new Map(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
  const values = policyTagKeys.map(key => tags[key] ?? byKey.get(key));
  if (values.every(value => value === undefined)) return undefined;
  let text = '';
  let more = true;
  for (const [i, value] of values.entries()) {
    if (more && value === undefined) throw damaged(`${policyTagKeys[i]} is missing`);
    if (!more && value !== undefined) throw damaged(`${policyTagKeys[i]} is left over from another policy`);
    if (value === undefined) continue;
    more = value.endsWith(goesOn);
    text += more ? value.slice(0, -goesOn.length) : value;
  }
  if (more) throw damaged('its last piece is missing');
  const ports = text.split(' ').map(parsePort);
  const names = ports.map(port => `${port.port}/${port.protocol}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw damaged(`${twice} is there twice`);
  const checked = policySchema.safeParse({ ports });
  if (!checked.success) throw damaged(checked.error.issues.map(issue => issue.message).join('; '));
  return checked.data;
}

function portText({ port, protocol, sources, maxMs }: PolicyPort): string {
  const from = sources.length === 0 ? 'any' : sources.map(bareAddress).join('+');
  return `${port}/${protocol}=${formatDuration(maxMs)}@${from}`;
}

function parsePort(text: string): PolicyPort {
  const found = /^([1-9]\d{0,4})\/(tcp|udp|any)=([0-9a-z]+)@(\S+)$/.exec(text);
  const [, port = '', protocol = '', longest = '', sources = ''] = found ?? [];
  if (found === null) throw damaged(`“${text.slice(0, 60)}” is not like 22/tcp=3h@any`);
  try {
    return {
      port: Number(port),
      protocol: protocol as PolicyPort['protocol'],
      sources: sources === 'any' ? [] : sources.split('+').map(canonicalCidr),
      maxMs: parseDuration(longest),
    };
  } catch (error) {
    if (error instanceof LatchkeyError) throw damaged(`for ${port}/${protocol}: ${error.message}`);
    throw error;
  }
}

function damaged(what: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The tag latchkey-policy of this VM can't be read: ${what}.`,
    fix: 'Lock the VM again to write a new policy, or repair the tag in the cloud.',
  });
}
