/** What asking and closing are given, and what both say of a request. */
import type { Clock, Instant } from '../../../os/ports.ts';
import type { RuleOrder } from '../../cloud.ts';
import type { Arm } from '../armClients.ts';
import type { DefenderApi } from './api.ts';

export interface DefenderAsk {
  arm: Arm;
  api: DefenderApi;
  clock: Clock;
}

/** Now, in the cloud's time. */
export function cloudNow({ arm, clock }: DefenderAsk): Instant {
  return clock.now() + arm.clockOffset();
}

/** What an order is about: it has one port and one source (`orders.ts`). */
export function about(order: RuleOrder): { vm: string; port: number; source: string } {
  return { vm: order.vm, port: order.ports[0] ?? 0, source: order.sources[0] ?? '' };
}
