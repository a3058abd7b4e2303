/** The gate in front of every port of every practice machine, and of every port of a practice firewall. */
import type { Socket } from 'node:net';
import type { PracticeMachine } from '../machine.ts';
import { plainAddress } from './address.ts';

/**
 * True if the machine runs and the emulated network lets this connection through, at this moment; else the connection
 * is reset before any byte. A reset is as near to "refused" as a listener can come: the kernel has completed the
 * handshake before we are asked, and to stop listening meanwhile would give the port number to anybody. A connection
 * that got through lives on when the rule goes, as it does in both clouds.
 */
export function passes(machine: PracticeMachine, port: number, socket: Socket): boolean {
  const source = plainAddress(socket.remoteAddress ?? '');
  if (machine.running() && machine.lets(source, port)) return true;
  socket.resetAndDestroy();
  return false;
}

/** What a firewall does with a connection it takes: what to serve it with, or `hold` where it gets no further. */
export type Through = ((socket: Socket) => void) | 'hold';

/** Asks a firewall's rules; a connection they do not let in is reset before any byte, for the reason told above. */
export function throughFirewall(
  socket: Socket,
  way: (source: string) => Through | undefined,
): Through | undefined {
  const found = way(plainAddress(socket.remoteAddress ?? ''));
  if (found === undefined) socket.resetAndDestroy();
  return found;
}
