/** The words both sides of a door agree on. */
import { join } from 'node:path';

/** The path of the contract, at every HTTP server of ours. */
export const rpcPath = '/rpc';
/** The path on the local socket that gives a new address of the loopback web door. */
export const addressPath = '/address';

/** Where the token of the running broker is written. */
export function tokenPath(dataDirectory: string): string {
  return join(dataDirectory, 'run', 'token');
}
