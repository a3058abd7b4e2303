/** What an instance wrote to its console when it started, as far as a reader looks for host keys in it. */
import { createHash } from 'node:crypto';
import { hostName } from '../machines.ts';
import type { Instance } from '../world.ts';

/** The text; for Linux with the two blocks that cloud-init's cc_keys_to_console writes. */
export function consoleText(instance: Instance, hostKeys: string[]): string {
  if (instance.os === 'windows') return 'Windows is Ready to use\r\n';
  const host = hostName(instance);
  const prints = hostKeys.map(key => {
    const [type = '', data = ''] = key.split(' ');
    const hash = createHash('sha256').update(Buffer.from(data, 'base64')).digest('base64').replace(/=+$/, '');
    return `256 SHA256:${hash} root@${host} (${type.replace('ssh-', '').toUpperCase()})`;
  });
  const lines = [
    '[    0.000000] Linux version 6.1.0-practice (build@practice) #1 SMP',
    '[    4.210347] cloud-init[1184]: Cloud-init v. 24.1.3 running modules:final.',
    ...[
      '-----BEGIN SSH HOST KEY FINGERPRINTS-----',
      ...prints,
      '-----END SSH HOST KEY FINGERPRINTS-----',
    ].map(line => `ci-info: ${line}`.replace('ci-info: -----', '-----')),
    '-----BEGIN SSH HOST KEY KEYS-----',
    ...hostKeys.map(key => `${key.split(' ').slice(0, 2).join(' ')} root@${host}`),
    '-----END SSH HOST KEY KEYS-----',
    `${host} login: `,
  ];
  return lines.join('\r\n');
}
