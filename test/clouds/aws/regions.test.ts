/** Regions of an account: which there are, what it means when one refuses, and how fast they are asked. */
import { describe, expect, test } from 'vitest';
import { createPace } from '../../../main/clouds/aws/pace.ts';
import { createJumpClock } from '../../broker/grants/clock.ts';
import { createHandClock } from '../../fakes/handClock.ts';
import { collect, startPracticeEc2 } from './practiceEc2.ts';

describe('an account', () => {
  test('has the regions that are enabled; one that is not, or that is denied, says so and spoils nothing', async () => {
    const own = await startPracticeEc2();
    try {
      const all = own.signIn({ regions: 'all' });
      const names = async () => (await all.scopes()).map(({ name }) => name);
      expect(await names()).toEqual(['eu-north-1', 'us-east-1']);
      own.world.offRegions.add('eu-north-1');
      expect(await names()).toEqual(['us-east-1']);
      // One that was chosen by name, and is not there.
      const chosen = own.signIn({ regions: ['us-east-1', 'eu-north-1', 'xx-nowhere-1'], home: 'us-east-1' });
      const list = (region: string) =>
        collect(chosen.inventory({ id: `${own.world.account}/${region}`, name: region }));
      await expect(list('eu-north-1')).rejects.toMatchObject({
        code: 'CLOUD_FORBIDDEN',
        message: 'The region eu-north-1 is not enabled for this account.',
      });
      await expect(list('xx-nowhere-1')).rejects.toMatchObject({ code: 'CLOUD_NOT_FOUND' });
      expect((await list('us-east-1')).flat()).toHaveLength(5);
      own.world.offRegions.clear();
      own.world.deniedRegions.add('eu-north-1');
      await expect(list('eu-north-1')).rejects.toMatchObject({
        code: 'CLOUD_FORBIDDEN',
        message: expect.stringContaining('A policy of your organization'),
      });
    } finally {
      await own.close();
    }
  });

  test('whose keys are gone is signed out, in every region', async () => {
    const own = await startPracticeEc2();
    try {
      const cloud = own.signIn({ regions: 'all', home: 'us-east-1' });
      own.world.keys.clear();
      await expect(
        collect(cloud.inventory({ id: `${own.world.account}/eu-north-1`, name: 'eu-north-1' })),
      ).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
    } finally {
      await own.close();
    }
  });
});

test('a pace lets so many through in a second and the others in their turn', async () => {
  const clock = createHandClock();
  const pace = createPace(clock, 3);
  const gone: number[] = [];
  const start = clock.now();
  const all = Array.from({ length: 8 }, () => pace().then(() => gone.push(clock.now() - start)));
  await clock.advance(5_000);
  await Promise.all(all);
  expect(gone).toEqual([0, 0, 0, 1_100, 1_100, 1_100, 2_200, 2_200]);
  await clock.advance(60_000);
  await pace();
  const stopped = new AbortController();
  await Promise.all([pace(), pace()]);
  const waiting = pace(stopped.signal);
  stopped.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a clock that is set back by hours holds up nothing', async () => {
  const clock = createJumpClock();
  const pace = createPace(clock, 1);
  await pace();
  clock.set(-7_200_000);
  let went = false;
  const next = pace().then(() => {
    went = true;
  });
  await clock.advance(1_200);
  expect(went).toBe(true);
  await next;
});
