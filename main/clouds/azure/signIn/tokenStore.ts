/** Where msal's tokens of one account are kept: one item of the keychain, read once; in memory where there is none. */
import type { ICachePlugin } from '@azure/msal-node';
import type { Keychain, Logger } from '../../../os/ports.ts';
import { createQueue } from '../../../waiting.ts';

export interface TokenStore {
  readonly plugin: ICachePlugin;
  /** From now on the tokens are kept under this name, those there are at once. */
  keepAs(item: string): Promise<void>;
  /** True once the keychain has refused to take them. */
  inMemory(): boolean;
  /** Takes them out of the keychain. Throws NO_KEYCHAIN. */
  forget(): Promise<void>;
}

/** `item`: where they are kept already; without it nowhere before `keepAs`. Reading throws NO_KEYCHAIN. */
export function createTokenStore(
  deps: { keychain: Keychain; log: Logger },
  item: string | undefined,
): TokenStore {
  const { keychain, log } = deps;
  const writes = createQueue<'write'>();
  let name = item;
  let newest: string | undefined;
  let isRead = item === undefined;
  let refused = false;

  async function write(): Promise<void> {
    if (name === undefined || newest === undefined) return;
    try {
      await keychain.write(name, newest);
      refused = false;
    } catch (error) {
      // They are in memory all the same; the person is told by whoever asks `inMemory`.
      log.warn({ error, item: name }, 'the keychain does not take the sign-in');
      refused = true;
    }
  }

  return {
    plugin: {
      async beforeCacheAccess(context) {
        if (!isRead && name !== undefined) newest = await keychain.read(name);
        isRead = true;
        // Every time: msal empties its own memory before it asks.
        if (newest !== undefined) context.tokenCache.deserialize(newest);
      },
      async afterCacheAccess(context) {
        if (!context.cacheHasChanged) return;
        newest = context.tokenCache.serialize();
        await writes.run('write', write);
      },
    },
    async keepAs(item) {
      name = item;
      isRead = true;
      await writes.run('write', write);
    },
    inMemory: () => refused,
    async forget() {
      const kept = name;
      name = undefined;
      // What the keychain never took is not in it.
      if (kept !== undefined && !refused) await writes.run('write', () => keychain.remove(kept));
    },
  };
}
