import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../main/os/log.ts';
import { redact, redactLine } from '../../main/os/redact.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"oid":"x"}').toString('base64url')}.c2ln`;
const awsSecret = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00';

describe('redact', () => {
  it.each([
    ['a web token', `got ${jwt}!`, 'c2ln'],
    ['a bearer header', 'Authorization: Bearer abcdef123456', 'abcdef123456'],
    ['a member by its name', '{"clientSecret":"hunter2 and more"}', 'hunter2'],
    ['a member inside a string', JSON.stringify({ body: '{"access_token":"hunter2"}' }), 'hunter2'],
    ['a quoted quote', JSON.stringify({ password: 'hun"ter2' }), 'ter2'],
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
    ['an AWS secret', `key ${awsSecret} end`, awsSecret],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\\nabc\\n-----END OPENSSH PRIVATE KEY-----', 'abc'],
    ['a signed address', 'https://h/?sv=1&sig=abcdefgh%3D&x=1', 'abcdefgh'],
    ['a one-time address', 'http://127.0.0.1:1/#t=abcdefghijkl', 'abcdefghijkl'],
    ['a member that was cut off', '{"refresh_token":"abcdefghijkl', 'abcdefghijkl'],
  ])('takes out %s', (_, text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  it('leaves alone what support needs', () => {
    const line = JSON.stringify({
      vm: '/subscriptions/3f2504e0-4f89-11d3-9a0c-0305e82c3301/resourcegroups/rg/providers/microsoft.compute/virtualmachines/web-1',
      rule: 'sgr-0123456789abcdef0',
      grant: 'abcdefghijkl',
      sha: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
      code: 'CLOUD_FAILED',
    });
    expect(redactLine(line)).toBe(`${line}\n`);
  });

  it('keeps a JSON line readable, whatever secret it holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (secret, other) => {
        const read = JSON.parse(redactLine(JSON.stringify({ token: secret, other: 1, text: other }))) as {
          token: string;
        };
        expect(read.token).toBe('[redacted]');
      }),
    );
  });
});

describe('the log', () => {
  it('writes lines without secrets, for this user alone', () => {
    const path = join(temporaryFolder(), 'log', 'latchkey.log');
    const log = createLog(path);
    log.info({ token: 'hunter2', vm: 'web-1' }, 'signed in');
    log.error({ err: new Error(`refused ${jwt}`) }, 'failed');
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(jwt);
    expect(text).toContain('web-1');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is bounded', () => {
    const path = join(temporaryFolder(), 'latchkey.log');
    const log = createLog(path, 2000);
    for (let i = 0; i < 200; i++) log.info({ i }, 'x'.repeat(100));
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(2 * 2500);
    expect(readFileSync(path, 'utf8')).toContain('"i":199');
  });

  it('never throws, and says later how much is missing', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'log', 'latchkey.log');
    writeFileSync(join(folder, 'log'), 'a file where the folder should be');
    const log = createLog(path);
    log.info({}, 'one');
    log.info({}, 'two');
    expect(existsSync(path)).toBe(false);
    rmSync(join(folder, 'log'));
    log.info({}, 'three');
    expect(readFileSync(path, 'utf8')).toMatch(/"lost":2[\s\S]*three/);
  });
});
