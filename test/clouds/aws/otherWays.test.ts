/** Ways to a VM that need no open port: told where there is no public address, and only what may be looked at. */
import { expect, test } from 'vitest';
import { startPracticeEc2 } from './practiceEc2.ts';

test('an endpoint of the VPC and a role for Session Manager are told with how one goes them', async () => {
  const practice = await startPracticeEc2();
  try {
    const cloud = practice.signIn();
    const all = await practice.vms(cloud, 'eu-north-1');
    const inside = all.find(({ name }) => name.startsWith('i-'));
    const outside = all.find(({ name }) => name === 'pay-db');
    if (!inside || !outside) throw new Error('no VM');
    const id = inside.name;
    expect(await cloud.otherWays?.(inside)).toEqual([
      {
        name: 'EC2 Instance Connect Endpoint',
        text: expect.stringMatching(/eice-0\w+ in its VPC leads to its ports 22 and 3389/),
        command:
          `aws ec2-instance-connect ssh --instance-id ${id} --region eu-north-1 --connection-type eice`.split(
            ' ',
          ),
      },
      {
        name: 'Session Manager',
        text: expect.stringContaining('payments-ssm'),
        command: `aws ssm start-session --target ${id} --region eu-north-1`.split(' '),
      },
    ]);
    practice.actions();
    expect(await cloud.otherWays?.(outside)).toEqual([]);
    expect(practice.actions()).toEqual([]);
    const found = await cloud.examine(inside);
    expect(found.filter(({ check, state }) => check === 'address' && state === 'ok')).toHaveLength(2);

    const policy = { Effect: 'Allow', Action: ['ec2:DescribeInstances'], Resource: '*' };
    const little = practice.signIn({
      policies: [JSON.stringify({ Version: '2012-10-17', Statement: [policy] })],
    });
    expect((await little.otherWays?.(inside))?.map(({ name }) => name)).toEqual(['Session Manager']);
  } finally {
    await practice.close();
  }
});
