/** Carrying the contract over any wire that moves text frames: what all doors have in common. */
import type { Router } from '@orpc/server';
import { RPCHandler } from '@orpc/server/ws';
import type { Contract } from '../../shared/contract/index.ts';
import type { Logger } from '../os/ports.ts';
import { errorOptions } from './errors.ts';

/** The broker's side of the contract. */
export type BrokerRouter = Router<Contract, Record<never, never>>;

/** The largest frame a caller may send, in bytes. The largest request is far below. */
export const longestFrame = 1024 * 1024;

export interface Wire {
  /** Resolves when the next frame may be sent. */
  send(frame: string): Promise<void>;
  onFrame(run: (frame: unknown) => void): void;
  onClose(run: () => void): void;
  close(): void;
}

/** Who is talking to the broker. */
export interface Talk {
  /** Callers connected now. */
  connections: number;
  /** Called for every connection that begins or ends and every frame that comes. */
  heard(): void;
}

/** Gives a function that answers the calls of one wire until it closes. A frame that is none ends that wire, and nothing else. */
export function createCarrier(
  router: BrokerRouter,
  options: { log: Logger; talk: Talk },
): (wire: Wire) => void {
  const { log, talk } = options;
  const handler = new RPCHandler(router, errorOptions(log));
  return wire => {
    talk.connections++;
    talk.heard();
    wire.onClose(() => {
      talk.connections--;
      talk.heard();
    });
    // oRPC takes a WebSocket of `ws`, and of that only these two.
    const socket = {
      send: (frame: string) => wire.send(frame),
      addEventListener: (type: string, run: (event: { data?: unknown }) => void) => {
        if (type === 'close') wire.onClose(() => run({}));
        else
          wire.onFrame(frame => {
            talk.heard();
            if (isFrame(frame)) return run({ data: frame });
            log.warn({}, 'a frame that is no call; its connection was closed');
            wire.close();
          });
      },
    };
    void handler.upgrade(socket as unknown as Parameters<typeof handler.upgrade>[0]);
  };
}

/** A frame of the RPC protocol: JSON text with an id, and for a call (no type) its address. */
function isFrame(frame: unknown): frame is string {
  if (typeof frame !== 'string' || frame.length > longestFrame) return false;
  try {
    const { i, t, p } = JSON.parse(frame) as { i?: unknown; t?: unknown; p?: { u?: unknown } };
    if (typeof i !== 'string') return false;
    return t === undefined ? typeof p?.u === 'string' && p.u.startsWith('/') : t === 3 || t === 4;
  } catch {
    return false;
  }
}
