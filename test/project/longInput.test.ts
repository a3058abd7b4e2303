/**
 * Text from a cloud may be long and made to hurt. Nothing that reads it may take more than its length: a pattern that
 * tries every start with every length stands still for minutes on what is here read in milliseconds.
 */
import { expect, it } from 'vitest';
import { readKey } from '../../main/broker/connect/knownHosts.ts';
import { commandLine } from '../../main/broker/connect/quoting.ts';
import { checkSettings } from '../../main/broker/connect/settings.ts';
import { alignTable } from '../../main/cli/output.ts';
import { hostKeysIn } from '../../main/clouds/consoleLog.ts';
import { redact, redactLine } from '../../main/os/redact.ts';
import { canonicalCidr } from '../../shared/domain/cidr.ts';
import { cell } from '../../shared/domain/csv.ts';
import { fold } from '../../shared/domain/fold.ts';
import { isSafeHost, isSafeUser, safeFileName, showName } from '../../shared/domain/hostile.ts';
import { parseVmId } from '../../shared/domain/ids.ts';
import { parseLock } from '../../shared/domain/lockMark.ts';
import { readPolicy } from '../../shared/domain/policyTag.ts';
import { formatMark, parseMark } from '../../shared/domain/ruleMark.ts';
import { parseDuration } from '../../shared/domain/time.ts';
import { resolveVm } from '../../shared/domain/vmRef.ts';

const length = 60_000;
const pieces = [
  'a',
  '-',
  '\\',
  '"',
  "'",
  ' ',
  '=',
  '.',
  '/',
  ':',
  '0',
  '\u202e',
  'é',
  '\ud800',
  '👩‍💻',
  ';',
  '%',
].concat(
  [
    'token',
    '"token',
    '\\"token',
    'eyJ-',
    'eyJaaaaa.',
    'Bearer ',
    '-----BEGIN A ',
    '-----BEGIN PRIVATE KEY-----',
  ],
  ['ssh-rsa AAAA', '-----BEGIN SSH HOST KEY KEYS-----', '22/tcp ', '22/tcp=1h@any ', '1h', '255.', 'on for '],
);

const readers: Record<string, (text: string) => unknown> = {
  showName,
  safeFileName,
  isSafeHost,
  isSafeUser,
  fold,
  cell,
  parseDuration,
  canonicalCidr,
  readKey,
  redact,
  redactLine: text => redactLine(JSON.stringify({ text, inner: JSON.stringify({ text }) })),
  alignTable: text => alignTable([[text, text]]),
  hostKeysIn: text => hostKeysIn(`-----BEGIN SSH HOST KEY KEYS-----${text}`),
  parseVmId: text => parseVmId(`/subscriptions/${text}`),
  resolveVm: text => resolveVm(text, [{ id: text, name: text }]),
  readPolicy: text => readPolicy({ 'latchkey-policy': text }),
  parseLock: text => parseLock(`Latchkey lock of web-1: ports ${text}`),
  parseMark: text =>
    parseMark(`Latchkey grant abcd2345efgh until 2026-11-23T14:52:00Z for ${text} on ${text}`),
  formatMark: text =>
    formatMark({
      grant: 'abcd2345efgh' as Parameters<typeof formatMark>[0]['grant'],
      owner: text,
      vmName: text,
      end: 0,
    }),
  checkSettings: text => checkSettings({ jumpHost: text, user: text, address: text, keyFile: `/${text}` }),
  posixWords: text => commandLine([text], 'linux'),
  windowsWords: text => commandLine([text], 'win32'),
};

it.each(Object.entries(readers))('%s is quick on long and hostile text', (_name, read) => {
  for (const piece of pieces) {
    for (const end of ['', '!', '"']) {
      const text = piece.repeat(length / piece.length) + end;
      const begun = performance.now();
      try {
        read(text);
      } catch (error) {
        // Refused, in words and not by a stack that ran over.
        expect(error).toHaveProperty('code');
      }
      expect(performance.now() - begun, JSON.stringify(piece)).toBeLessThan(10_000);
    }
  }
});
