/** What carries the contract to this page. Each transport is one file; all tell the same things. */
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '../../shared/contract/index.ts';

export type Client = ContractRouterClient<Contract>;

export interface TransportEvents {
  /** A broker answers; calls may be made until `down`. */
  up(client: Client): void;
  /** The broker is gone; the transport tries again by itself. */
  down(): void;
  /** This page may not use the broker; the person has to open it anew. */
  refused(): void;
}

/** Starts a transport. It lives as long as the page. */
export type Transport = (events: TransportEvents) => void;
