/** SSH host keys in a VM's console log, where cloud-init prints them at first boot (its module keys_to_console). */

const block = /-----BEGIN SSH HOST KEY KEYS-----([\s\S]*?)-----END SSH HOST KEY KEYS-----/g;
const key = /\b((?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) AAAA[A-Za-z0-9+/]+={0,3})/g;

/** The keys (`ssh-ed25519 AAAA…`) of the last block in a log, each once: a machine that was set up again has new ones. */
export function hostKeysIn(log: string): string[] {
  const last = [...log.matchAll(block)].at(-1)?.[1] ?? '';
  return [...new Set([...last.matchAll(key)].map(found => found[1] ?? ''))];
}
