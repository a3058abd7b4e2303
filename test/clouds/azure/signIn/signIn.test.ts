import { expect, test } from 'vitest';
import { tenant } from '../../../fakes/openId.ts';
import { openSignInWorld } from './world.ts';

test.each(['Stack', 'Issuer'])('signing in by browser and by code, to an authority like %s', async cloud => {
  const world = await openSignInWorld();
  for (const way of ['browser', 'device-code'] as const) {
    const { kept, open } = await world.add({ cloud, way });
    expect(kept).toMatchObject({ name: `${cloud} contoso.example`, user: 'admin@contoso.example' });
    expect(kept.id).toMatch(new RegExp(`^azure:${tenant}:[0-9a-f]{8}$`));
    expect(await open.cloud.identity()).toMatchObject({ user: 'admin@contoso.example' });
    expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
    expect(world.items.size).toBe(1);
    await open.forget();
    expect(world.items.size).toBe(0);
  }
});
