/**
 * The known_hosts file of this data directory: the host keys that clouds told through their control plane, under a
 * name of our own per VM, so that an address that another machine gets tomorrow proves nothing.
 */
import { createHash } from 'node:crypto';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Files } from '../../os/ports.ts';

export interface KnownHosts {
  readonly path: string;
  /** Makes `keys` (`ssh-ed25519 AAAA…`) the VM's keys, in the place of older ones, and gives those the file now has for it. */
  remember(vm: VmId, keys: string[]): Promise<string[]>;
}

/** The name host keys of a VM stand under (ssh's HostKeyAlias): the same on every computer, safe everywhere. */
export function hostKeyAlias(vm: VmId): string {
  return `${createHash('sha256').update(vm).digest('hex').slice(0, 20)}.latchkey`;
}

/** The file is `<dataDirectory>/known_hosts`; it is made with the first key. */
export function createKnownHosts(files: Files, dataDirectory: string): KnownHosts {
  const path = `${dataDirectory}/known_hosts`;
  let last: Promise<unknown> = Promise.resolve();

  async function remember(vm: VmId, keys: string[]): Promise<string[]> {
    const start = `${hostKeyAlias(vm)} `;
    const lines = ((await files.readText(path)) ?? '').split('\n').filter(line => line !== '');
    const before = lines.filter(line => line.startsWith(start)).map(line => line.slice(start.length));
    const news = keys.flatMap(key => readKey(key) ?? []);
    // A cloud that has forgotten the keys (a console log that rolled over) does not make us forget them.
    if (news.length === 0 || JSON.stringify(news) === JSON.stringify(before)) return before;
    const others = lines.filter(line => !line.startsWith(start));
    await files.writeText(path, [...others, ...news.map(key => start + key), ''].join('\n'));
    return news;
  }

  return {
    path,
    remember(vm, keys) {
      // One after the other: the file is read, changed and written.
      const turn = last.then(() => remember(vm, keys));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** Type and key of a line of known_hosts or a console log; undefined for anything that is not exactly that. */
export function readKey(line: string): string | undefined {
  const found =
    /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]{1,64} [A-Za-z0-9+/]{32,4096}={0,2})(?:\s|$)/.exec(
      line.trim(),
    );
  return found?.[1];
}
