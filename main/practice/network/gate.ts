/** The gate in front of every port of every practice machine. */
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
