/** The requests in a policy's record: which are of a VM, still in force, and which prove to be ours. */
import { canonicalCidr } from '../../../../shared/domain/cidr.ts';
import type { GrantId } from '../../../../shared/domain/ids.ts';
import { fromWire } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { longestJustification } from './assumptions.ts';
import { type JitPolicy, lastName, prefixesOf } from './policy.ts';

/** One port of one VM that somebody asked for. */
export interface Asked {
  /** As the service writes it. */
  vm: string;
  port: number;
  /** Canonical where it is an address, else as it is written. */
  source: string;
  start: Instant;
  end: Instant;
  requestor: string;
  justification: string | undefined;
  status: string;
  reason: string | undefined;
  /** The grant that its justification names. */
  grant: GrantId | undefined;
}

/** What proves that a request is ours; a person reads the reason behind it. */
export function justificationOf(grant: GrantId, reason: string | undefined): string {
  const text = reason === undefined ? `latchkey ${grant}` : `latchkey ${grant}: ${reason}`;
  return text.slice(0, longestJustification);
}

/** The grant a justification names; a name proves nothing, and is only told. */
export function grantIn(justification: string | undefined): GrantId | undefined {
  const found = /^latchkey ([a-z2-7]{12})(?::|$)/.exec(justification ?? '')?.[1];
  return found as GrantId | undefined;
}

/** Every port of every request, newest first. What has no readable times is left out: nothing can be said of it. */
export function askedIn(policy: JitPolicy | undefined): Asked[] {
  const all = (policy?.requests ?? []).flatMap(request => {
    const start = instant(request.startTimeUtc);
    if (start === undefined) return [];
    const { justification, requestor } = request;
    return request.virtualMachines.flatMap(vm =>
      vm.ports.flatMap(port => {
        const end = instant(port.endTimeUtc);
        if (end === undefined) return [];
        return prefixesOf(port).map(
          (prefix): Asked => ({
            vm: vm.id,
            port: port.number,
            source: canonical(prefix),
            start,
            end,
            requestor: requestor ?? '',
            justification: justification ?? undefined,
            status: port.status ?? '',
            reason: port.statusReason ?? undefined,
            grant: grantIn(justification ?? undefined),
          }),
        );
      }),
    );
  });
  return all.toSorted((a, b) => b.start - a.start);
}

/** Not over, as far as the record tells. A status we do not know may well be open. */
export function inForce(asked: Asked, now: Instant): boolean {
  return asked.end > now && asked.status.toLowerCase() !== 'revoked';
}

/** Is it about this VM, port and source? */
export function isAbout(asked: Asked, wanted: { vm: string; port: number; source: string }): boolean {
  return (
    asked.vm.toLowerCase() === wanted.vm.toLowerCase() &&
    asked.port === wanted.port &&
    asked.source === canonical(wanted.source)
  );
}

/** What a grant's request is called in the ledger: all that closing needs to find it again. */
export interface RequestName {
  grant: GrantId;
  port: number;
  source: string;
  vmName: string;
}

export function requestName(grant: GrantId, of: { vm: string; port: number; source: string }): string {
  return `latchkey-${grant}-${of.port}-${canonical(of.source)}-${lastName(of.vm).toLowerCase()}`;
}

const namePattern = /^latchkey-([a-z2-7]{12})-(\d{1,5})-([0-9a-f.:]+\/\d{1,3}|\*)-([^]+)$/;

/** Throws BAD_INPUT for what is no such name. */
export function parseRequestName(name: string): RequestName {
  const [, grant, port, source, vmName] = namePattern.exec(name) ?? [];
  if (grant === undefined || port === undefined || source === undefined || vmName === undefined) {
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `“${name.slice(0, 200)}” is not the name of a request to Defender.`,
    });
  }
  return { grant: grant as GrantId, port: Number(port), source, vmName };
}

/** An address or CIDR in canonical text; anything else as it is. */
export function canonical(source: string): string {
  try {
    return canonicalCidr(source);
  } catch (error) {
    if (error instanceof LatchkeyError) return source;
    throw error;
  }
}

/** Seven fractional digits are cut to milliseconds. */
function instant(text: string): Instant | undefined {
  try {
    return fromWire(text);
  } catch (error) {
    if (error instanceof LatchkeyError) return undefined;
    throw error;
  }
}
