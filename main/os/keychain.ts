/**
 * The system's keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service (GNOME Keyring, KWallet) on
 * Linux. `@napi-rs/keyring` because it ships prebuilt, is kept, and lets us insist on the Secret Service: by itself it
 * falls back to the kernel's keyring on Linux, which forgets at logout, and a person must be told that.
 */
import type { AsyncEntry } from '@napi-rs/keyring';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Keychain } from './ports.ts';

const service = 'Latchkey';
/** Windows holds 2,560 bytes in an item (CRED_MAX_CREDENTIAL_BLOB_SIZE); the others take megabytes. */
const longestItem = process.platform === 'win32' ? 2_560 : 1024 * 1024;
/** How long the system may take, which includes a person who types the keychain's password. Milliseconds. */
const patienceMs = 60_000;

/** A piece of a secret: which write it belongs to, its place, how many there are. */
const pieceHead = /^([\da-f]{8}) (\d{1,4})\/(\d{1,4})\n/;
const longestHead = 19;

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
        const first = await read(name, 1);
        const head = headOf(first);
        if (first === undefined || head === undefined) return undefined;
        const pieces = [first];
        for (let place = 2; place <= head.count; place++) {
          const piece = await read(name, place);
          const own = headOf(piece);
          // A write that was cut off: half a secret is none.
          if (piece === undefined || own?.write !== head.write || own.place !== place) return undefined;
          pieces.push(piece);
        }
        return Buffer.concat(pieces.map(piece => piece.subarray(piece.indexOf(10) + 1))).toString('utf8');
      }),
    write: (name, secret) =>
      told(async () => {
        const bytes = Buffer.from(secret);
        const size = longest - longestHead;
        const count = Math.max(1, Math.ceil(bytes.length / size));
        const write = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex');
        for (let place = 1; place <= count; place++) {
          const piece = bytes.subarray((place - 1) * size, place * size);
          const entry = await item(name, place);
          const head = Buffer.from(`${write} ${place}/${count}\n`);
          await patiently(entry.setSecret(Buffer.concat([head, piece])));
        }
        await removeFrom(name, count + 1);
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

function headOf(piece: Buffer | undefined): { write: string; place: number; count: number } | undefined {
  const [, write, place, count] =
    pieceHead.exec(piece?.subarray(0, longestHead).toString('latin1') ?? '') ?? [];
  return write === undefined ? undefined : { write, place: Number(place), count: Number(count) };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new LatchkeyError(
      {
        code: 'NO_KEYCHAIN',
        message: 'The keychain of this computer can’t be used.',
        fix:
          process.platform === 'linux'
            ? 'Sign in to a desktop session with GNOME Keyring or KWallet, and unlock it.'
            : 'Unlock it, and let Latchkey use it.',
        // What the system said holds no secret: it is about the store, not what is in it.
        detail: { said: cause instanceof Error ? cause.message : String(cause) },
      },
      { cause },
    );
  }
}
