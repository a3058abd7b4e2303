/** Which security groups a network interface has. */
import type { Connection } from './connection.ts';

/**
 * Changes an interface's groups. AWS only takes the whole list, so it is read right before, and changes of ours to the
 * same interface go one after the other.
 */
export function setGroups(
  aws: Connection,
  region: string,
  id: string,
  change: (groups: string[]) => string[],
  signal?: AbortSignal,
): Promise<void> {
  return aws.queue.run(id, async () => {
    const answer = await aws.ec2(
      region,
      'DescribeNetworkInterfaces',
      (ec2, options) => ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] }, options),
      signal,
    );
    const before = (answer.NetworkInterfaces?.[0]?.Groups ?? []).flatMap(group => group.GroupId ?? []);
    const Groups = [...new Set(change(before))];
    if (Groups.length === before.length && Groups.every(group => before.includes(group))) return;
    await aws.ec2(
      region,
      'ModifyNetworkInterfaceAttribute',
      (ec2, options) => ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, Groups }, options),
      signal,
    );
  });
}
