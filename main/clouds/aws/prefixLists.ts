/** Prefix lists: named sets of CIDRs that a rule can be for. What is in them is looked up, so that nothing has to be guessed. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';

/** CIDRs by the list's id. A list that can't be read is not in it: who it lets in is unknown then. */
export type PrefixLists = Map<string, string[]>;

/** The lists that these rules are for. */
export async function readPrefixLists(
  aws: Connection,
  region: string,
  rules: SecurityGroupRule[],
  signal?: AbortSignal,
): Promise<PrefixLists> {
  const ids = [...new Set(rules.flatMap(rule => rule.PrefixListId || []))];
  const all = await Promise.all(
    ids.map(async id => ({ id, cidrs: await entriesOf(aws, region, id, signal) })),
  );
  return new Map(all.flatMap(({ id, cidrs }) => (cidrs === undefined ? [] : [[id, cidrs] as const])));
}

async function entriesOf(
  aws: Connection,
  region: string,
  PrefixListId: string,
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  const cidrs: string[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const input = { PrefixListId, MaxResults: 100, NextToken };
      const answer = await aws.ec2(
        region,
        'GetManagedPrefixListEntries',
        (ec2, options) => ec2.getManagedPrefixListEntries(input, options),
        signal,
      );
      cidrs.push(...(answer.Entries ?? []).flatMap(({ Cidr }) => Cidr ?? []));
      NextToken = answer.NextToken || undefined;
    } while (NextToken !== undefined);
    return cidrs;
  } catch (error) {
    const known = ['CLOUD_FORBIDDEN', 'CLOUD_NOT_FOUND', 'CLOUD_FAILED'];
    if (!(error instanceof LatchkeyError) || !known.includes(error.code)) throw error;
    aws.log.info({ region, list: PrefixListId, error: error.toData() }, 'a prefix list can not be read');
    return undefined;
  }
}
