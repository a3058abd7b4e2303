import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { HostKeys, makeKeyPair } from '../../../main/practice/machines/hostKeys.ts';

test('every pair can be read: ssh2 alone makes one in 256 that nobody can', () => {
  for (let n = 0; n < 1500; n++) {
    const { private: secret, public: known } = makeKeyPair();
    const [own, told] = [ssh2.utils.parseKey(secret), ssh2.utils.parseKey(known)];
    if (own instanceof Error || told instanceof Error) throw new Error(`pair ${n} can't be read`);
    expect(own.getPublicSSH()).toEqual(told.getPublicSSH());
  }
});

test('a machine keeps its key', () => {
  const keys = new HostKeys();
  expect(keys.of('a')).toBe(keys.of('a'));
  expect(keys.of('b').public).not.toBe(keys.of('a').public);
});
