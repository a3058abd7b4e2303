/** Accounts, and what the app is. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { cloudKind, errorData, instant, procedure } from './common.ts';

export const account = z.object({
  id: z.string(),
  name: z.string(),
  cloud: cloudKind,
  kind: z.enum(['practice']),
  /** Who we are there. */
  user: z.string().optional(),
  state: z.enum(['connecting', 'ready', 'failed']),
  error: errorData.optional(),
  /** Milliseconds that this computer's clock is ahead of the cloud's. */
  clockAheadMs: z.int().optional(),
  addedAt: instant,
});
export type Account = z.infer<typeof account>;

export const accountsContract = {
  list: procedure.input(z.object({})).output(z.object({ accounts: z.array(account) })),
  watch: procedure.input(z.object({})).output(eventIterator(z.object({ accounts: z.array(account) }))),
  /** Signs in to the practice cloud of this data directory, starting it where it does not run. Adding it twice is no error. */
  addPractice: procedure.input(z.object({})).output(z.object({ accounts: z.array(account) })),
  /** Forgets an account. Throws ACCOUNT_NOT_FOUND, and BAD_INPUT while it has live grants. */
  remove: procedure.input(z.object({ id: z.string() })).output(z.object({ accounts: z.array(account) })),
};

export const settings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  density: z.enum(['normal', 'compact']),
  /** The organisation's egress ranges, used when observers differ. */
  organisationRanges: z.array(z.string()),
  /** HTTPS addresses of my-IP observers; empty means the built-in ones. */
  observers: z.array(z.string()),
  /** Milliseconds before a grant's end at which to warn. */
  warnBeforeMs: z.int().min(10_000).max(3_600_000),
});
export type Settings = z.infer<typeof settings>;

export const settingsContract = {
  get: procedure.input(z.object({})).output(settings),
  set: procedure.input(settings.partial()).output(settings),
};

export const appContract = {
  info: procedure.input(z.object({})).output(
    z.object({
      version: z.string(),
      host: z.enum(['desktop', 'headless']),
      dataDirectory: z.string(),
      user: z.string(),
      pid: z.int(),
    }),
  ),
  /** Asks a headless broker to leave, so that the desktop app can take over. Grants stay; the next broker goes on. */
  leave: procedure.input(z.object({})).output(z.object({})),
};
