import type { TestBroker, World } from '../grants/world.ts';

/** Reads the clouds' own logs; where AWS allows two requests a second, the clock jumps to the next. */
export async function readLogs({ clock }: World, { services }: TestBroker): Promise<void> {
  let isRead = false;
  const reading = services.history.pull().finally(() => {
    isRead = true;
  });
  while (!isRead) {
    await new Promise(resolve => setTimeout(resolve, 10));
    if (!isRead) await clock.advance(100);
  }
  await reading;
}
