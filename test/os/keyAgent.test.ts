/** The agent with a key of this process alone: ssh-add sees it, and nonsense gets no answer. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { newAgentKey, sshString } from '../../main/os/agentKey.ts';
import { agentAnswers } from '../../main/os/agentMessages.ts';
import { createKeyAgent } from '../../main/os/keyAgent.ts';
import { has } from '../doneWhen/world.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

async function openAgent() {
  const agent = createKeyAgent(temporaryFolder());
  onTestFinished(() => agent.close());
  return agent.open();
}

const sshAdd = has('ssh-add', '-h');
test.skipIf(!sshAdd)(
  `OpenSSH’s own program lists its one key${sshAdd ? '' : ' (missing: ssh-add)'}`,
  async () => {
    const { path, publicKey } = await openAgent();
    const { stdout } = await promisify(execFile)('ssh-add', ['-L'], {
      env: { ...process.env, SSH_AUTH_SOCK: path },
    });
    expect(stdout.trim()).toBe(publicKey);
  },
);

test('what is no message ends the conversation; the next one finds the agent there', async () => {
  const { path } = await openAgent();
  for (const nonsense of [Buffer.alloc(4), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.write(nonsense);
    await new Promise(resolve => socket.once('close', resolve));
  }
  const socket = connect(path);
  socket.write(sshString(Buffer.from([11])));
  const [answer] = (await new Promise<Buffer[]>(resolve =>
    socket.once('data', (bytes: Buffer) => resolve([bytes])),
  )) as [Buffer];
  expect(answer[4]).toBe(12);
  socket.destroy();
});

test('messages are answered one by one, however they are cut; those it does not know are refused', () => {
  const key = newAgentKey();
  const sign = Buffer.concat([Buffer.from([13]), sshString(key.blob), sshString('data'), Buffer.alloc(4)]);
  const other = Buffer.concat([
    Buffer.from([13]),
    sshString('another key'),
    sshString('data'),
    Buffer.alloc(4),
  ]);
  const messages = [
    Buffer.from([27, 1, 2, 3, 4, 5, 6]),
    Buffer.from([11]),
    sign,
    other,
    Buffer.from([13, 0]),
  ];
  const all = Buffer.concat(messages.map(sshString));
  const whole = agentAnswers(key)(all) ?? Buffer.alloc(0);
  const types: (number | undefined)[] = [];
  for (let at = 0; at < whole.length; at += 4 + whole.readUInt32BE(at)) types.push(whole[at + 4]);
  expect(types).toEqual([5, 12, 14, 5, 5]);
  fc.assert(
    fc.property(fc.array(fc.nat(all.length), { maxLength: 8 }), cuts => {
      const answers = agentAnswers(key);
      const points = [0, ...cuts.toSorted((a, b) => a - b), all.length];
      const parts = points.slice(1).map((end, n) => answers(all.subarray(points[n], end)) ?? Buffer.alloc(0));
      return Buffer.concat(parts).equals(whole);
    }),
    { numRuns: 50 },
  );
});
