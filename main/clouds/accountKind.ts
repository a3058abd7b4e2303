/**
 * What a kind of account can do besides being a Cloud: be signed in to, be opened again at the next start, be forgotten.
 * The broker keeps what is no secret in its ledger; secrets stay behind this interface, in the keychain or in memory.
 */
import type { Account, AwsProfile, NewAccount, Settings, SignInWay } from '../../shared/contract/accounts.ts';
import type { AccountId } from '../../shared/domain/ids.ts';
import type { Cloud } from './cloud.ts';

/** An account as the ledger keeps it. */
export interface KeptAccount {
  id: AccountId;
  name: string;
  /** Who we are there, as far as it is known. */
  user: string | undefined;
  /** JSON of the kind's own: how to open it again. Never a secret. */
  facts: Record<string, unknown>;
}

/** What signing in asks of the person. */
export type Ask =
  | { step: 'browser'; url: string }
  /** `inBrowser`: the address has the code in it, so a browser here will do. */
  | { step: 'device-code'; code: string; url: string; expiresAt: string; inBrowser?: true };

/** What only the person knows. */
export type Question =
  | { step: 'mfa-code'; device: string; again: boolean }
  | { step: 'choose-role'; roles: { account: string; accountName: string; role: string }[] };

export interface SigningIn {
  settings: Settings;
  /** Called when the person has something to do. */
  ask(step: Ask): void;
  /** Resolves with the answer. Throws CANCELLED. */
  question(question: Question): Promise<string>;
  /** Ends it at any time: CANCELLED. */
  signal: AbortSignal;
}

/** An account that is kept, with its sign-in. */
export interface OpenAccount {
  readonly cloud: Cloud;
  /** There was no keychain to keep the sign-in in: it goes with this process. */
  inMemory(): boolean;
  /**
   * Signs in again as the same user; `cloud` goes on with it. Gives the facts to keep from now on, where they changed.
   * Throws BAD_INPUT where somebody else signed in.
   */
  signIn(way: SignInWay | undefined, how: SigningIn): Promise<Record<string, unknown> | undefined>;
  /** Takes its secrets out of the keychain. */
  forget(): Promise<void>;
}

export interface AccountKind {
  readonly kind: NewAccount['kind'];
  /** Signs in to an account that may be new. Nothing is kept before it worked. */
  add(wanted: NewAccount, how: SigningIn): Promise<{ kept: KeptAccount; open: OpenAccount }>;
  /** Opens a kept account; no request is made. Throws BAD_INPUT when its facts lead nowhere any more. */
  open(kept: KeptAccount, settings: Settings): Promise<OpenAccount>;
  /** What is told of it. */
  describe(kept: KeptAccount): Pick<Account, 'way' | 'azure' | 'aws'>;
  /** The profiles of this machine that can be signed in with. Absent where the kind has none. */
  profiles?(files: { config?: string | undefined; credentials?: string | undefined }): Promise<AwsProfile[]>;
  /** Is there a person to ask when the cloud takes the sign-in no more? */
  asksPerson(kept: KeptAccount): boolean;
}
