/** SSH host keys from an instance's console log, where cloud-init writes them at first boot. */
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Connection } from './connection.ts';
import { instanceRef } from './names.ts';

const block = /-----BEGIN SSH HOST KEY KEYS-----([\s\S]*?)-----END SSH HOST KEY KEYS-----/g;
const key = /\b((?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+) AAAA[A-Za-z0-9+/]+={0,3})/g;

/** Reads the console (GetConsoleOutput keeps the last 64 KB) for `ssh-ed25519 AAAA…` lines; empty if there are none. */
export async function readHostKeys(aws: Connection, id: VmId, signal?: AbortSignal): Promise<string[]> {
  const { region, instance } = instanceRef(id);
  const answer = await aws.ec2(
    region,
    'GetConsoleOutput',
    (ec2, options) => ec2.getConsoleOutput({ InstanceId: instance }, options),
    signal,
  );
  return parseHostKeys(Buffer.from(answer.Output ?? '', 'base64').toString());
}

/** The keys of the newest block in a console log: a VM made anew from an image has new ones. */
export function parseHostKeys(console: string): string[] {
  const newest = [...console.matchAll(block)].at(-1)?.[1] ?? '';
  return [...newest.matchAll(key)].map(found => found[1] ?? '');
}
