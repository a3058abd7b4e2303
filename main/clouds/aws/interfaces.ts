/** Which security groups a network interface has. */
import type { Connection } from './connection.ts';
import { waits } from './rules.ts';

/**
 * Changes an interface's groups. AWS only takes the whole list, so it is read right before, and changes of ours to the
 * same interface go one after the other, each once the one before it is seen: a list that lags behind would undo it.
 */
export function setGroups(
  aws: Connection,
  region: string,
  id: string,
  change: (groups: string[]) => string[],
  signal?: AbortSignal,
): Promise<void> {
  return aws.queue.run(id, async () => {
    const before = await groupsNow(aws, region, id, signal);
    const Groups = [...new Set(change(before))];
    if (isSame(Groups, before)) return;
    await aws.ec2(
      region,
      'ModifyNetworkInterfaceAttribute',
      (ec2, options) => ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, Groups }, options),
      signal,
    );
    for (const wait of [0, ...waits]) {
      if (wait > 0) await aws.pause(wait, signal);
      if (isSame(Groups, await groupsNow(aws, region, id, signal))) return;
    }
  });
}

async function groupsNow(
  aws: Connection,
  region: string,
  id: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const answer = await aws.ec2(
    region,
    'DescribeNetworkInterfaces',
    (ec2, options) => ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] }, options),
    signal,
  );
  return (answer.NetworkInterfaces?.[0]?.Groups ?? []).flatMap(group => group.GroupId ?? []);
}

function isSame(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every(group => b.includes(group));
}
