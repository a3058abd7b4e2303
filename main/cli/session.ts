/** A command's way to the broker: connected, or started in the background first. */
import type { Command } from 'commander';
import type { Connection } from '../doors/client.ts';
import { dataDirectory } from '../os/dataDirectory.ts';
import { createOutput, type Output } from './output.ts';

const startMs = 30_000;

export interface Globals {
  practice: boolean;
  dataDirectory: string;
  out: Output;
}

export interface Session extends Globals {
  client: Connection['client'];
  connection: Connection;
}

/** The options every command has, wherever they stand in the line. */
export function globals(command: Command): Globals {
  const { practice, dataDir, json } = command.optsWithGlobals<{
    practice?: boolean;
    dataDir?: string;
    json?: boolean;
  }>();
  return {
    practice: practice === true,
    dataDirectory: dataDirectory(dataDir, practice === true),
    out: createOutput(json === true),
  };
}

/** Does a command's work with the broker. With --practice the practice cloud is signed in to first. */
export async function withBroker<T>(command: Command, work: (session: Session) => Promise<T>): Promise<T> {
  const common = globals(command);
  const connection = await reachBroker(common.dataDirectory);
  try {
    if (common.practice) await connection.client.accounts.addPractice({});
    return await work({ ...common, connection, client: connection.client });
  } finally {
    connection.close();
  }
}

/** The running broker of a data directory, or one started in the background. Throws what kept it from starting. */
export async function reachBroker(dataDirectory: string): Promise<Connection> {
  const { connectBroker } = await import('../doors/client.ts');
  const running = await connectBroker(dataDirectory);
  if (running) return running;
  const { startInBackground } = await import('../os/background.ts');
  const { frugal, latchkeyCommand } = await import('../os/app.ts');
  const [program = '', ...rest] = latchkeyCommand();
  return startInBackground({
    argv: [
      program,
      ...frugal.flags,
      ...rest,
      '--json',
      '--data-dir',
      dataDirectory,
      'broker',
      '--background',
    ],
    name: 'broker',
    env: frugal.env,
    dataDirectory,
    limitMs: startMs,
    ready: () => connectBroker(dataDirectory),
  });
}
