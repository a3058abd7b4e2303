/** SSH host keys out of an instance's console log. */
import type { VmId } from '../../../shared/domain/ids.ts';
import { hostKeysIn } from '../consoleLog.ts';
import type { Connection } from './connection.ts';
import { instanceRef } from './names.ts';

/** Reads the console (GetConsoleOutput keeps the last 64 KB) for `ssh-ed25519 AAAA…` lines; empty if there are none. */
export async function readHostKeys(aws: Connection, id: VmId, signal?: AbortSignal): Promise<string[]> {
  const { region, instance } = instanceRef(id);
  const answer = await aws.ec2(
    region,
    'GetConsoleOutput',
    (ec2, options) => ec2.getConsoleOutput({ InstanceId: instance }, options),
    signal,
  );
  return hostKeysIn(Buffer.from(answer.Output ?? '', 'base64').toString());
}
