/** A machine's serial console as boot diagnostics keep it. cloud-init prints the SSH host keys there (its `cc_keys_to_console` module). */
import type { VirtualMachine } from './resources.ts';

/** `keys`: public host keys in known_hosts form; none for Windows. */
export function consoleLog(vm: VirtualMachine, keys: string[]): string {
  const name = vm.properties.osProfile.computerName;
  if (vm.properties.storageProfile.osDisk.osType === 'Windows') return `SAC>\r\n${name} is ready.\r\n`;
  return [
    '[    0.000000] Linux version 6.8.0-1012-azure',
    `[    5.120000] cloud-init[612]: Cloud-init v. 24.1 running 'modules:final'`,
    '-----BEGIN SSH HOST KEY KEYS-----',
    ...keys.map(key => `${key} root@${name}`),
    '-----END SSH HOST KEY KEYS-----',
    `[    6.480000] cloud-init[612]: Cloud-init v. 24.1 finished`,
    '',
    `${name} login: `,
  ].join('\n');
}
