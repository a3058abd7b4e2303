/** The words both sides of a door agree on. */
import { join } from 'node:path';

/** Where the token of the running broker is written. */
export function tokenPath(dataDirectory: string): string {
  return join(dataDirectory, 'run', 'token');
}

/** The first line a caller sends on the local socket. `calls`: the contract; `address`: one new address of the web door. */
export interface Greeting {
  token: string;
  wants: 'calls' | 'address';
}
