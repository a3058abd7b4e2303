/** What of CloudTrail can be set from outside, in the control interface: `PUT /practice/trail`. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { World } from '../world.ts';

const body = z.object({
  lagMs: z.int().min(0).max(86_400_000).optional(),
  perSecond: z.int().min(1).max(1_000).optional(),
});

/** How late events are in the history, and how many lookups are answered in a second; what is not named stays. */
export function trailControl(app: FastifyInstance, world: World): void {
  app.put('/practice/trail', async request => {
    const { lagMs = world.trailLagMs, perSecond = world.trailPerSecond } = body.parse(request.body);
    world.trailLagMs = lagMs;
    world.trailPerSecond = perSecond;
    return { lagMs, perSecond };
  });
}
