/** Why a grant can't be asked for by way of Defender. */
import type { Vm } from '../../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';

/** Its subscription is set to go through Defender, which does not know the VM. */
export function notInPolicy(vm: Vm): LatchkeyError {
  return new LatchkeyError({
    code: 'NOT_CONFIGURED',
    message: `No Defender policy names “${vm.name}”, and this subscription is set to \`defender\`.`,
    fix: 'Lock the VM, which puts it in a policy, or set the subscription to `auto`.',
  });
}

/** Assumption, reference 1.3: see `takesIpv6`. */
export function noIpv6(vm: Vm): LatchkeyError {
  return new LatchkeyError({
    code: 'SOURCE_FAMILY',
    message: `Defender's requests name IPv4 addresses; the source for “${vm.name}” is IPv6.`,
    fix: 'Use an IPv4 source, or set this subscription to `auto` or `direct`.',
  });
}

/** The VM itself has no address of the source's family. */
export function wrongFamily(vm: Vm): LatchkeyError {
  return new LatchkeyError({
    code: 'SOURCE_FAMILY',
    message: `“${vm.name}” has no IPv4 address behind a network security group, and the source is IPv4.`,
    fix: 'Use a source of the other address family.',
  });
}
