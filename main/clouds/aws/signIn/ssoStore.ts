/** The tokens of one SSO session: an item of the keychain, in memory where there is none. Never a file. */
import { z } from 'zod';
import type { Keychain, Logger } from '../../../os/ports.ts';
import { createQueue } from '../../../waiting.ts';
import type { SsoPlace } from './ssoSession.ts';

const ssoToken = z.object({
  access: z.string(),
  /** Epoch milliseconds. */
  endsAt: z.number(),
  refresh: z.string().optional(),
  /** Latchkey as Identity Center knows it. */
  client: z.object({ id: z.string(), secret: z.string(), endsAt: z.number() }),
});
export type SsoToken = z.infer<typeof ssoToken>;

export interface SsoStore {
  read(): Promise<SsoToken | undefined>;
  write(token: SsoToken): Promise<void>;
  /** The token of an `aws sso login` that is good until `until` at least: read where it lies, kept nowhere else. */
  readLent(place: SsoPlace, until: number): Promise<string | undefined>;
  /** The keychain did not take it: it goes with this process. */
  inMemory(): boolean;
  forget(): Promise<void>;
}

/** `item`: its name in the keychain. `sessionName`: what the configuration calls it, by which the AWS CLI keeps its own. */
export function createSsoStore(
  deps: { keychain: Keychain; log: Logger },
  item: string,
  sessionName: string | undefined,
): SsoStore {
  const { keychain, log } = deps;
  const queue = createQueue<'item'>();
  let newest: SsoToken | undefined;
  let isRead = false;
  let refused = false;
  return {
    read: () =>
      queue.run('item', async () => {
        if (isRead) return newest;
        try {
          const text = await keychain.read(item);
          newest = text === undefined ? undefined : parse(text);
          isRead = true;
        } catch (error) {
          log.warn({ error, item }, 'the keychain does not give the sign-in');
        }
        return newest;
      }),
    write: token =>
      queue.run('item', async () => {
        newest = token;
        isRead = true;
        try {
          await keychain.write(item, JSON.stringify(token));
          refused = false;
        } catch (error) {
          // It is in memory all the same; the person is told by whoever asks `inMemory`.
          log.warn({ error, item }, 'the keychain does not take the sign-in');
          refused = true;
        }
      }),
    async readLent({ startUrl }, until) {
      const { getSSOTokenFromFile } = await import('@smithy/core/config');
      for (const name of [sessionName, startUrl]) {
        if (name === undefined) continue;
        // No such file, or none that can be read: nobody has lent us anything.
        const found: unknown = await getSSOTokenFromFile(name).catch(() => undefined);
        const { data } = lent.safeParse(found);
        if (data?.startUrl === startUrl && Date.parse(data.expiresAt) > until) return data.accessToken;
      }
      return undefined;
    },
    inMemory: () => refused,
    forget: () =>
      queue.run('item', async () => {
        newest = undefined;
        isRead = true;
        // What the keychain never took is not in it.
        if (!refused) await keychain.remove(item);
      }),
  };
}

const lent = z.object({ accessToken: z.string(), expiresAt: z.string(), startUrl: z.string() });

function parse(text: string): SsoToken | undefined {
  try {
    return ssoToken.safeParse(JSON.parse(text)).data;
  } catch {
    // Cut off while it was written: the person signs in again.
    return undefined;
  }
}
