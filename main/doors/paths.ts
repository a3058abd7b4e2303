/** Where both sides of the local socket look. */
import { join } from 'node:path';

/** Where the token of the running broker is written. */
export function tokenPath(dataDirectory: string): string {
  return join(dataDirectory, 'run', 'token');
}
