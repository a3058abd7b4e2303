/** Name and description of a lock: the one deny rule per VM and NSG that keeps the protected ports shut. */
import type { Protocol } from '../contract/common.ts';
import type { VmId } from './ids.ts';
import { descriptionLimit, markWord } from './ruleMark.ts';

export interface LockMark {
  vmName: string;
  ports: { port: number; protocol: Protocol }[];
  /** How many more ports there are than the description had room for. */
  more: number;
}

const prefix = 'latchkey-lock-';
const pattern = /^Latchkey lock of (\S+): ports (\d{1,5}\/[a-z]+(?: \d{1,5}\/[a-z]+)*)(?: and (\d+) more)?$/;

/** The part of a lock for IPv6 addresses: an NSG rule holds those of one family. */
export const ipv6Part = '#ipv6';

/**
 * `latchkey-lock-<hash of the VM's id>`: the same VM always has the same name, in every gate. `part` tells apart the
 * rules of one lock where one gate needs several (an NSG rule holds addresses of one family).
 */
export function lockRuleName(vm: VmId, part = ''): string {
  return prefix + shortHash(vm + part);
}

/** `Latchkey lock of web-1: ports 22/tcp 3389/tcp`, at most 140 characters, safe whatever the VM's name holds. */
export function lockDescription(vmName: string, ports: LockMark['ports']): string {
  const head = `Latchkey lock of ${markWord(vmName).slice(0, 60)}: ports`;
  let text = head;
  for (const [i, { port, protocol }] of ports.entries()) {
    const next = `${text} ${port}/${protocol}`;
    const left = ports.length - i - 1;
    const ending = left === 0 ? '' : ` and ${left} more`;
    if (next.length + ending.length > descriptionLimit) return `${text} and ${left + 1} more`;
    text = next;
  }
  return text;
}

/** What a lock's description says; undefined for everything else. */
export function parseLock(description: string | undefined): LockMark | undefined {
  const found = pattern.exec(description ?? '');
  if (found === null) return undefined;
  const [, vmName = '', portsText = '', more = '0'] = found;
  const ports = portsText.split(' ').map(text => {
    const [port = '', protocol = ''] = text.split('/');
    return { port: Number(port), protocol: protocol as Protocol };
  });
  const sound = ports.every(p => p.port <= 65_535 && ['tcp', 'udp', 'any'].includes(p.protocol));
  return sound && markWord(vmName) === vmName ? { vmName, ports, more: Number(more) } : undefined;
}

/** True if name and description both say the rule is a Latchkey lock. */
export function isLock(name: string, description: string | undefined): boolean {
  return /^latchkey-lock-[0-9a-z]{13}$/.test(name) && parseLock(description) !== undefined;
}

/** FNV-1a, 64 bit (draft-eastlake-fnv), 13 digits of base 36. Tells VMs apart; is no secret. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(36).padStart(13, '0');
}
