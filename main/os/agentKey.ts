/** An ed25519 key as SSH has it (RFC 8709). */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface AgentKey {
  /** The public key: its type and its 32 bytes, each as an SSH string. */
  readonly blob: Buffer;
  /** The signature of `data`, with its type in front, as SSH has it. */
  sign(data: Buffer): Buffer;
}

/** A new one, in memory alone. */
export function newAgentKey(): AgentKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    blob: Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(x, 'base64url'))]),
    sign: data => Buffer.concat([sshString('ssh-ed25519'), sshString(sign(null, data, privateKey))]),
  };
}

/** RFC 4251 section 5: four bytes of length, then the content. */
export function sshString(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
