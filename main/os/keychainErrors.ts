/** What it means to a person that the keychain does not do what it was asked. */
import { LatchkeyError } from '../../shared/errors.ts';

/** Does the work; whatever it throws is NO_KEYCHAIN. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
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
