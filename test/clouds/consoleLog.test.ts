import { describe, expect, it } from 'vitest';
import { hostKeysIn } from '../../main/clouds/consoleLog.ts';

describe('host keys', () => {
  it('of the last block in a console log, and only what looks like a key', () => {
    const blockOf = (...lines: string[]) =>
      ['-----BEGIN SSH HOST KEY KEYS-----', ...lines, '-----END SSH HOST KEY KEYS-----'].join('\r\n');
    const log = [
      blockOf('ssh-ed25519 AAAAold= root@a'),
      '[ 12.3] noise ssh-rsa AAAAnoise',
      blockOf(
        'ci-info: ssh-ed25519 AAAAC3Nza+/1= root@web',
        'ecdsa-sha2-nistp256 AAAAE2 root@web',
        'ssh-evil AAAA',
      ),
    ].join('\n');
    expect(hostKeysIn(log)).toEqual(['ssh-ed25519 AAAAC3Nza+/1=', 'ecdsa-sha2-nistp256 AAAAE2']);
    expect(hostKeysIn('')).toEqual([]);
  });
  const block = (key: string) =>
    `[  12.1] cloud-init[810]: -----BEGIN SSH HOST KEY KEYS-----\r\n[ 12.1] ${key} root@ip-10-0-0-4\r\n-----END SSH HOST KEY KEYS-----\r\n`;
  it('are those of the newest block', () => {
    const log = `boot\n${block('ssh-rsa AAAAold=')}reboot\n${block('ssh-ed25519 AAAAnew')}login:`;
    expect(hostKeysIn(log)).toEqual(['ssh-ed25519 AAAAnew']);
  });
  it('are none where the log has none, or only the beginning of a block', () => {
    expect(hostKeysIn('login:')).toEqual([]);
    expect(hostKeysIn('-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAAx')).toEqual([]);
  });
});
