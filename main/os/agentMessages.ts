/**
 * The agent's side of the SSH agent protocol (draft-ietf-sshm-ssh-agent), as far as one key needs it: which keys there are,
 * and sign this. Everything else is refused, as the draft has it for what an agent does not know. Not by ssh2's
 * AgentProtocol: that loses its place at such a message, and OpenSSH begins with one (session-bind@openssh.com).
 */
import { type AgentKey, sshString } from './agentKey.ts';

const failure = 5;
const requestIdentities = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
/** OpenSSH's own limit of a message, bytes. */
const longest = 256 * 1024;

/** Takes bytes as they come and gives those of the answers; undefined for what is no such conversation. */
export function agentAnswers(key: AgentKey): (bytes: Buffer) => Buffer | undefined {
  let rest: Buffer = Buffer.alloc(0);
  return bytes => {
    rest = Buffer.concat([rest, bytes]);
    const replies: Buffer[] = [];
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0);
      if (length === 0 || length > longest) return undefined;
      if (rest.length < 4 + length) break;
      replies.push(sshString(answer(key, rest.subarray(4, 4 + length))));
      rest = rest.subarray(4 + length);
    }
    return Buffer.concat(replies);
  };
}

function answer(key: AgentKey, message: Buffer): Buffer {
  switch (message[0]) {
    case requestIdentities:
      return Buffer.concat([
        Buffer.from([identitiesAnswer, 0, 0, 0, 1]),
        sshString(key.blob),
        sshString('latchkey'),
      ]);
    case signRequest: {
      const wanted = readString(message, 1);
      const data = wanted && readString(message, 5 + wanted.length);
      if (data && wanted.equals(key.blob))
        return Buffer.concat([Buffer.from([signResponse]), sshString(key.sign(data))]);
      return Buffer.from([failure]);
    }
    case undefined:
    default:
      return Buffer.from([failure]);
  }
}

function readString(message: Buffer, at: number): Buffer | undefined {
  if (message.length < at + 4) return undefined;
  const end = at + 4 + message.readUInt32BE(at);
  return end > message.length ? undefined : message.subarray(at + 4, end);
}
