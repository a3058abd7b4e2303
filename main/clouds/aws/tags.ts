/** Writing and removing tags, of any resource of EC2. */
import type { Tag } from '@aws-sdk/client-ec2';
import type { Connection } from './connection.ts';

/** Adds tags or changes their values; others stay. */
export async function writeTags(
  aws: Connection,
  region: string,
  Resources: string[],
  Tags: Tag[],
  signal?: AbortSignal,
): Promise<void> {
  const input = { Resources, Tags };
  await aws.ec2(region, 'CreateTags', (ec2, options) => ec2.createTags(input, options), signal);
}

/** Removes tags: with a key alone whatever its value, with a value only if it has that. Those not there are no error. */
export async function removeTags(
  aws: Connection,
  region: string,
  Resources: string[],
  Tags: Tag[],
  signal?: AbortSignal,
): Promise<void> {
  const input = { Resources, Tags };
  await aws.ec2(region, 'DeleteTags', (ec2, options) => ec2.deleteTags(input, options), signal);
}
