/** What opens an AWS account again at the next start; no secret. */
import { z } from 'zod';
import { awsWay, regionName } from '../../../../shared/contract/accounts.ts';
import type { KeptAccount } from '../../accountKind.ts';
import { bad } from './profiles.ts';

export const facts = z.object({
  way: awsWay,
  account: z.string(),
  partition: z.string(),
  profile: z.string().optional(),
  regions: z.union([z.literal('all'), z.array(regionName)]),
  home: regionName,
  files: z.object({ config: z.string().optional(), credentials: z.string().optional() }),
  /** By service; `all` for every other. */
  endpoints: z.record(z.string(), z.string()),
  caFile: z.string().optional(),
  /** The role of way `sso`, and for every sign-in by IAM Identity Center where the keychain has its tokens. */
  sso: z
    .object({
      startUrl: z.string(),
      region: regionName,
      account: z.string().optional(),
      role: z.string().optional(),
      item: z.string().optional(),
    })
    .optional(),
  /** Somebody has to type a code, now and then. */
  mfa: z.boolean().optional(),
});
export type Facts = z.infer<typeof facts>;

/** Throws BAD_INPUT: the ledger was written by another Latchkey, or by hand. */
export function factsOf(kept: KeptAccount): Facts {
  const { data } = facts.safeParse(kept.facts);
  if (data) return data;
  throw bad(`What is known of ${kept.name} can’t be read.`, 'Remove the account and add it again.');
}
