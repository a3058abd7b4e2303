/** May we read the account's log? CloudTrail knows no `DryRun`: one event is looked up. */
import type { Finding } from '../../../shared/contract/doctor.ts';
import { warning } from '../../../shared/domain/doctor/finding.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { isForbidden } from '../calls.ts';
import type { Connection } from './connection.ts';
import { instanceRef } from './names.ts';

/** How long it is waited for, milliseconds: from closed networks, and on other servers, there may be no way to CloudTrail. */
const patienceMs = 5_000;

/** A finding where it is refused; nobody needs the log, so that nothing else is worth a word. */
export async function tryLog(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Finding[]> {
  const late = new AbortController();
  using _timer = aws.clock.after(patienceMs, () => late.abort());
  const enough = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  const { region } = instanceRef(vm.id);
  try {
    await aws.cloudTrail(
      region,
      'LookupEvents',
      (trail, o) => trail.lookupEvents({ MaxResults: 1 }, o),
      enough,
    );
    return [];
  } catch (error) {
    if (!(error instanceof LatchkeyError) || (error.code === 'CANCELLED' && !late.signal.aborted))
      throw error;
    if (!isForbidden(error)) return [];
    const text =
      'You may not read the account’s log: the activity does not show what others change (cloudtrail:LookupEvents is missing).';
    return [warning('rights', text, 'Ask for what `latchkey roles aws --for view` prints.', vm.name)];
  }
}
