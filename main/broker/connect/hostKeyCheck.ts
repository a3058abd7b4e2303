/**
 * Does the machine prove to be the one the cloud knows? ssh checks this itself, strictly; asking before a client is
 * started makes a changed key an error of Latchkey's and not a warning in a window that closes.
 */
import type { Endpoint } from '../../../shared/contract/vms.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Processes } from '../../os/ports.ts';
import { readKey } from './knownHosts.ts';

/** Throws HOST_KEY_CHANGED if the machine shows a key of a known type that is not a known key. Without ssh-keyscan nothing is said. */
export async function checkHostKeys(
  processes: Processes,
  vmName: string,
  endpoint: Endpoint,
  known: string[],
): Promise<void> {
  const keyscan = await processes.find(['ssh-keyscan']);
  if (keyscan === undefined || known.length === 0) return;
  const types = new Set(known.map(typeOf));
  const asked = [...new Set([...types].flatMap(type => /ed25519|ecdsa|rsa/.exec(type)?.[0] ?? []))];
  if (asked.length === 0) return;
  const { stdout } = await processes.run(
    [keyscan, '-T', '5', '-t', asked.join(','), '-p', String(endpoint.hostPort), '--', endpoint.host],
    { timeoutMs: 10_000 },
  );
  const shown = stdout
    .split('\n')
    .filter(line => !line.startsWith('#'))
    .flatMap(line => readKey(line.slice(line.indexOf(' ') + 1)) ?? [])
    .filter(key => types.has(typeOf(key)));
  const wrong = shown.filter(key => !known.includes(key));
  if (wrong.length === 0 || wrong.length < shown.length) return;
  throw new LatchkeyError({
    code: 'HOST_KEY_CHANGED',
    message: `The machine that answers at ${endpoint.host} port ${endpoint.hostPort} is not ${vmName}: it shows another host key than the cloud tells. Nothing was started.`,
    fix: 'Somebody may be in between. If the VM got new host keys, let the cloud tell them (its console log) and try again.',
    detail: { known, shown },
  });
}

function typeOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}
