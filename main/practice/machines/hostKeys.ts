/** SSH host keys: one ed25519 pair per machine, made when first asked for, the same as long as the practice cloud lives. */
import ssh2 from 'ssh2';

export interface HostKey {
  /** In OpenSSH's private key format. */
  private: string;
  /** `ssh-ed25519 AAAA…` */
  public: string;
}

export class HostKeys {
  readonly #keys = new Map<string, HostKey>();

  /** The key of the machine with this id. */
  of(id: string): HostKey {
    const known = this.#keys.get(id);
    if (known) return known;
    const key = makeKeyPair();
    this.#keys.set(id, key);
    return key;
  }
}

/**
 * A new ed25519 pair. ssh2 drops leading zeros of the public half (`convertKeys` in its keygen.js), so one pair of
 * 256 is no key at all, which only its own parser tells: that one is made again.
 */
export function makeKeyPair(): HostKey {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519');
    if (ssh2.utils.parseKey(made.private) instanceof Error) continue;
    return { private: made.private, public: made.public.trim() };
  }
}
