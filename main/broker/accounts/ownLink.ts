/** The way to an account that somebody signed in to: opened when first used, and watched for being refused. */
import type { Settings } from '../../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { AccountKind, KeptAccount, OpenAccount } from '../../clouds/accountKind.ts';
import { type Link, notConnected } from './link.ts';

export interface OwnLink extends Link {
  /** The account, opened where it was not. Throws BAD_INPUT when its facts lead nowhere any more. */
  open(): Promise<OpenAccount>;
  /** True where its sign-in is known to be in no keychain. */
  inMemory(): boolean;
  /** Takes a sign-in that was just made instead of what was open. */
  take(opened: OpenAccount): void;
  /** Ends what is open; the next use opens it anew. */
  close(): void;
}

/** `refused` is called when the cloud takes the sign-in no more, renewed or not. */
export function createOwnLink(deps: {
  kind: AccountKind;
  kept: () => KeptAccount;
  settings: () => Settings;
  refused: (error: LatchkeyError) => void;
}): OwnLink {
  let opened: OpenAccount | undefined;
  let opening: Promise<OpenAccount> | undefined;
  const open = (): Promise<OpenAccount> => {
    opening ??= deps.kind.open(deps.kept(), deps.settings()).then(
      made => {
        opened = made;
        return made;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const close = (): void => {
    opened?.cloud.dispose();
    opened = undefined;
    opening = undefined;
  };
  return {
    open,
    inMemory: () => opened?.inMemory() ?? false,
    close,
    take(made) {
      close();
      opened = made;
      opening = Promise.resolve(made);
    },
    now() {
      if (opened) return opened.cloud;
      throw notConnected('This account');
    },
    get: async () => (await open()).cloud,
    async recover(_account, used, error) {
      if (error.code === 'CLOUD_UNAUTHORIZED') deps.refused(error);
      // Cut off because the account was opened anew meanwhile.
      return error.code === 'CANCELLED' && opened !== undefined && opened.cloud !== used;
    },
    told(error) {
      const kept = deps.kept();
      if (error.code !== 'CLOUD_UNAUTHORIZED' || !deps.kind.asksPerson(kept)) return error;
      const fix = `Sign in again: \`latchkey accounts sign-in ${kept.id}\`, or under Accounts in the window.`;
      return new LatchkeyError({ ...error.toData(), fix }, { cause: error });
    },
    clockOffset: () => opened?.cloud.clockOffset() ?? 0,
  };
}
