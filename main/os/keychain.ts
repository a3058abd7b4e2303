/**
 * The system's keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service (GNOME Keyring, KWallet) on
 * Linux. `@napi-rs/keyring` because it ships prebuilt, is kept, and lets us insist on the Secret Service: by itself it
 * falls back to the kernel's keyring on Linux, which forgets at logout, and a person must be told that.
 */
import type { AsyncEntry } from '@napi-rs/keyring';
import { told } from './keychainErrors.ts';
import { countOf, join, split } from './keychainPieces.ts';
import type { Keychain } from './ports.ts';

const service = 'Latchkey';
/** Windows holds 2,560 bytes in an item (CRED_MAX_CREDENTIAL_BLOB_SIZE); the others take megabytes. */
const longestItem = process.platform === 'win32' ? 2_560 : 1024 * 1024;
/** How long the system may take, which includes a person who types the keychain's password. Milliseconds. */
const patienceMs = 60_000;

/** One item per name; a secret that is longer than `longest` bytes goes on in `name (2)`, `name (3)` … */
export function createKeychain(longest = longestItem): Keychain {
  const item = async (name: string, place: number): Promise<AsyncEntry> => {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    return new AsyncEntry(service, place === 1 ? name : `${name} (${place})`, {
      linux: { store: 'secret-service' },
    });
  };
  const read = async (name: string, place: number): Promise<Buffer | undefined> => {
    const bytes = await patiently((await item(name, place)).getSecret());
    return bytes === null ? undefined : Buffer.from(bytes);
  };
  /** Removes the pieces from `place` on, as far as there are any. */
  const removeFrom = async (name: string, place: number): Promise<void> => {
    for (let at = place; await patiently((await item(name, at)).deleteCredential()); at++);
  };
  return {
    read: name =>
      told(async () => {
        const pieces = [await read(name, 1)];
        const count = countOf(pieces[0]);
        while (pieces.length < count) pieces.push(await read(name, pieces.length + 1));
        return join(pieces);
      }),
    write: (name, secret) =>
      told(async () => {
        const pieces = split(secret, longest);
        for (const [at, piece] of pieces.entries())
          await patiently((await item(name, at + 1)).setSecret(piece));
        await removeFrom(name, pieces.length + 1);
      }),
    remove: name => told(() => removeFrom(name, 1)),
  };
}

/** A call that waits for a person who is not there would never end; its own signal stops only what has not begun. */
function patiently<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it waits for a person')), patienceMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
