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
    const made = ssh2.utils.generateKeyPairSync('ed25519');
    const key = { private: made.private, public: made.public.trim() };
    this.#keys.set(id, key);
    return key;
  }
}
