/** The system's ssh as a list of arguments: nothing from a cloud can become an option, host keys are checked strictly. */
import type { ConnectionSettings } from '../../../shared/contract/connect.ts';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import { isSafeHost } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { sshPath } from './quoting.ts';

/**
 * `hostKeys`: under which name and in which file ssh finds the VM's keys; without it the person's own known_hosts is
 * used and ssh asks. `clientArguments`: options if the first begins with `-`, else a command to run there.
 * Throws BAD_INPUT for an endpoint that is no host.
 */
export function sshArgv(
  ssh: string,
  to: {
    endpoint: Endpoint;
    hostKeys?: { alias: string; file: string } | undefined;
    settings: ConnectionSettings;
    /** Socket of the agent whose key is on the machine. */
    agent?: string | undefined;
    clientArguments: string[];
    platform: 'linux' | 'darwin' | 'win32';
  },
): string[] {
  const { endpoint, hostKeys, settings, agent, clientArguments, platform } = to;
  if (!isSafeHost(endpoint.host)) {
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `“${endpoint.host.slice(0, 80)}” is not a host name or address.`,
    });
  }
  const option = (name: string, value: string): string[] => ['-o', `${name}=${value}`];
  const areOptions = clientArguments[0]?.startsWith('-') ?? false;
  return [
    ssh,
    ...(hostKeys === undefined
      ? option('StrictHostKeyChecking', 'ask')
      : [
          ...option('HostKeyAlias', hostKeys.alias),
          ...option('UserKnownHostsFile', sshPath(hostKeys.file, platform)),
          ...option('StrictHostKeyChecking', 'yes'),
          // Else ssh would write more keys into our file, under the alias.
          ...option('UpdateHostKeys', 'no'),
        ]),
    ...(agent === undefined ? [] : option('IdentityAgent', sshPath(agent, platform))),
    '-p',
    String(endpoint.hostPort),
    ...(settings.user === undefined ? [] : ['-l', settings.user]),
    ...(settings.keyFile === undefined ? [] : ['-i', settings.keyFile.replaceAll('%', '%%')]),
    ...(settings.jumpHost === undefined ? [] : ['-J', settings.jumpHost]),
    ...(areOptions ? clientArguments : []),
    '--',
    endpoint.host,
    ...(areOptions ? [] : clientArguments),
  ];
}
