/**
 * Host entries for ssh's configuration: `ssh web-1` then opens the port by itself. Names that are not plain host
 * names are made so (their odd characters become dashes, a piece of the key name is added), and the true name is told
 * in a comment.
 */
import type { ConnectionSettings } from '../../../shared/contract/connect.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { hostKeyAlias } from './knownHosts.ts';
import { usualUser } from './pushedKey.ts';
import { shellWord, sshPath, windowsWord } from './quoting.ts';

type Platform = 'linux' | 'darwin' | 'win32';

/**
 * `agent`: the socket of the agent whose key `proxy` puts on machines that want it. `command`: the words that start the command line of Latchkey; ssh runs them with `proxy <vm id> <port>`. A port of a
 * VM's settings counts if it is in the policy, else 22; VMs without either are left out.
 */
export function sshConfig(
  vms: { vm: Vm; settings: ConnectionSettings }[],
  options: { command: string[]; knownHosts: string; agent: string; platform: Platform },
): string {
  const wanted = vms
    .flatMap(({ vm, settings }) => {
      const port = sshPort(vm, settings);
      return port === undefined ? [] : [{ vm, settings, port }];
    })
    .sort((a, b) => (a.vm.id < b.vm.id ? -1 : 1));
  const aliases = hostAliases(wanted.map(({ vm }) => vm));
  const entries = wanted.map(({ vm, settings, port }) => {
    const alias = aliases.get(vm.id) ?? hostKeyAlias(vm.id);
    return [
      `# ${showName(vm.name)}`,
      `Host ${alias}`,
      `  HostName ${hostKeyAlias(vm.id)}`,
      `  HostKeyAlias ${hostKeyAlias(vm.id)}`,
      `  UserKnownHostsFile ${sshPath(options.knownHosts, options.platform)}`,
      '  StrictHostKeyChecking yes',
      '  UpdateHostKeys no',
      `  ProxyCommand ${proxyCommand([...options.command, 'proxy', vm.id, String(port)], options.platform)}`,
      ...userLines(settings),
      ...(settings.pushKey === true ? [`  IdentityAgent ${sshPath(options.agent, options.platform)}`] : []),
      ...(settings.keyFile === undefined
        ? []
        : [`  IdentityFile ${sshPath(settings.keyFile, options.platform)}`]),
      '',
    ].join('\n');
  });
  return [
    '# Written by `latchkey ssh-config`. Each entry opens its port when ssh connects.',
    '',
    ...entries,
  ].join('\n');
}

/** The key is put there for one user: ssh has to sign in as the same. */
function userLines({ user, pushKey }: ConnectionSettings): string[] {
  const who = user ?? (pushKey === true ? usualUser : undefined);
  return who === undefined ? [] : [`  User ${who}`];
}

function sshPort(vm: Vm, settings: ConnectionSettings): number | undefined {
  const ports = vm.policy?.ports.filter(({ protocol }) => protocol !== 'udp').map(({ port }) => port) ?? [];
  return [settings.port, 22].find(port => port !== undefined && ports.includes(port));
}

/** A name for each VM that ssh takes for itself and for no pattern; no two are alike in any case. */
export function hostAliases(
  vms: Pick<Vm, 'id' | 'name' | 'resourceGroup' | 'location'>[],
): Map<string, string> {
  const count = new Map<string, number>();
  for (const { name } of vms) count.set(name.toLowerCase(), (count.get(name.toLowerCase()) ?? 0) + 1);
  const taken = new Set<string>();
  const aliases = new Map<string, string>();
  for (const vm of vms) {
    const plain = plainName(vm.name);
    const key = hostKeyAlias(vm.id).slice(0, 6);
    const own = plain === vm.name && count.get(vm.name.toLowerCase()) === 1;
    const candidates = [
      ...(own ? [plain] : []),
      ...(plain === vm.name ? [`${plain}.${plainName(vm.resourceGroup ?? vm.location)}`] : []),
      `${plain}-${key}`,
      hostKeyAlias(vm.id),
    ];
    const alias = candidates.find(name => !taken.has(name.toLowerCase())) ?? hostKeyAlias(vm.id);
    taken.add(alias.toLowerCase());
    aliases.set(vm.id, alias);
  }
  return aliases;
}

function plainName(name: string): string {
  const plain = name
    .slice(0, 60)
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return plain === '' ? 'vm' : plain;
}

/** ssh runs it with the person's shell, after reading `%` as the beginning of a token. */
function proxyCommand(words: string[], platform: Platform): string {
  const word = platform === 'win32' ? windowsWord : shellWord;
  return words.map(text => word(oneLine(text)).replaceAll('%', '%%')).join(' ');
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
