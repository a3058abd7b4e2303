/** Is a broker there, and how to call it. */
import { create } from 'zustand';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Client } from './transport.ts';

interface Connection {
  /** `connecting`: never had one · `lost`: had one; both keep trying · `refused`: this page may not use it. */
  state: 'connecting' | 'up' | 'lost' | 'refused';
  /** When this state began, by this computer's clock. */
  since: number;
  client: Client | undefined;
}

export const useConnection = create<Connection>(() => ({
  state: 'connecting',
  since: Date.now(),
  client: undefined,
}));

/** The broker, to call something. Throws BROKER_UNREACHABLE while there is none. */
export function broker(): Client {
  const { client } = useConnection.getState();
  if (client !== undefined) return client;
  throw new LatchkeyError({
    code: 'BROKER_UNREACHABLE',
    message: 'Latchkey’s broker does not answer at the moment.',
    fix: 'Nothing was changed. Try again when the connection is back.',
  });
}
