/** The SSO sessions of this Latchkey: one sign-in serves every account that is reached by it. */
import { createHash } from 'node:crypto';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Os } from '../../../os/ports.ts';
import type { Identity } from './memo.ts';
import { signInRefusal } from './refusals.ts';
import { createSsoSession, type SsoClients, type SsoPlace, type SsoSession } from './ssoSession.ts';
import { createSsoStore, type SsoStore } from './ssoStore.ts';

export interface SharedSession {
  readonly session: SsoSession;
  readonly store: SsoStore;
  /** Its name in the keychain. */
  readonly item: string;
  /** An account goes by it, until `leave`. */
  join(account: string): void;
  /** Forgets the tokens when nobody goes by it any more. */
  leave(account: string): Promise<void>;
}

/** `item`: under which an account has kept it; a new name where none has. */
export type SharedSessions = (
  place: SsoPlace,
  how: { item: string | undefined; sessionName: string | undefined; clients: SsoClients },
) => SharedSession;

export function createSharedSessions(os: Pick<Os, 'clock' | 'random' | 'log' | 'keychain'>): SharedSessions {
  const sessions = new Map<string, SharedSession>();
  return (place, { item: kept, sessionName, clients }) => {
    const key = `${place.startUrl} ${place.region}`;
    const known = sessions.get(key);
    if (known) return known;
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
    // Another data directory may have a sign-in there as well.
    const item = kept ?? `aws-sso:${hash} ${Buffer.from(os.random.bytes(4)).toString('hex')}`;
    const store = createSsoStore(os, item, sessionName);
    const accounts = new Set<string>();
    const shared: SharedSession = {
      session: createSsoSession(place, { clients, store, clock: os.clock, log: os.log }),
      store,
      item,
      join: account => void accounts.add(account),
      async leave(account) {
        accounts.delete(account);
        if (accounts.size > 0) return;
        sessions.delete(key);
        await store.forget();
      },
    };
    sessions.set(key, shared);
    return shared;
  };
}

/** The credentials of a role that the person has in IAM Identity Center. */
export async function roleCredentials(
  { session }: SharedSession,
  clients: SsoClients,
  { account, role }: { account: string; role: string },
): Promise<Identity> {
  const accessToken = await session.token();
  try {
    const portal = await clients.portal();
    const { roleCredentials: given } = await portal.getRoleCredentials({
      accessToken,
      accountId: account,
      roleName: role,
    });
    return {
      accessKeyId: given?.accessKeyId ?? '',
      secretAccessKey: given?.secretAccessKey ?? '',
      ...(given?.sessionToken === undefined ? {} : { sessionToken: given.sessionToken }),
      expiration: new Date(given?.expiration ?? 0),
    };
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name !== 'ForbiddenException' && name !== 'ResourceNotFoundException')
      throw signInRefusal(error, undefined);
    throw new LatchkeyError(
      {
        code: 'CLOUD_FORBIDDEN',
        message: `IAM Identity Center does not give you the role ${role} in the account ${account}.`,
        fix: 'Ask its administrator for the permission set, or take another account and role.',
        detail: { said: name },
      },
      { cause: error },
    );
  }
}
