/**
 * A host: what runs a broker. Takes the data directory's lock, puts operating system, clouds, broker and doors
 * together, and knows when to leave. The Electron main process, `latchkey broker` and `latchkey ui` each are one.
 */
import { join } from 'node:path';
import type { ContractRouterClient } from '@orpc/contract';
import { createRouterClient } from '@orpc/server';
import type { Contract } from '../shared/contract/index.ts';
import { LatchkeyError } from '../shared/errors.ts';
import { createBroker } from './broker/broker.ts';
import { createRouter } from './broker/router.ts';
import { awsAccounts } from './clouds/aws/signIn/kind.ts';
import { azureAccounts } from './clouds/azure/signIn/kind.ts';
import { connectPractice } from './clouds/practice.ts';
import { createCarrier, type Talk, type Wire } from './doors/carry.ts';
import { connectBroker } from './doors/client.ts';
import { openLocalSocket } from './doors/localSocket.ts';
import { type LoopbackWeb, openLoopbackWeb } from './doors/loopbackWeb.ts';
import { appVersion, latchkeyCommand, rendererFolder } from './os/app.ts';
import { createOs } from './os/index.ts';
import { takeLock } from './os/lock.ts';
import type { Clock } from './os/ports.ts';

/** How long a desktop app waits for a headless broker to leave. */
const takeOverMs = 15_000;
const pauseMs = 50;

export interface HostOptions {
  dataDirectory: string;
  kind: 'desktop' | 'headless';
  /** Leave when there is no live grant and nobody talked for so long (milliseconds). Undefined: stay. */
  idleMs?: number | undefined;
}

export interface Host {
  /** Resolves when the host ought to stop: it was asked to leave, or had nothing to do for `idleMs`. */
  readonly leaving: Promise<'asked' | 'idle'>;
  /** The contract inside this process: for the tray. */
  readonly client: ContractRouterClient<Contract>;
  /** The contract for one more wire: the desktop window's port. */
  carry(wire: Wire): void;
  /** A one-time address of the loopback web door, which is opened by the first call. */
  webAddress(): Promise<string>;
  /** Shuts the doors, stops the broker and gives the lock back. Grants stay; the next broker goes on. */
  stop(): Promise<void>;
}

/** Starts. Throws BROKER_RUNNING when another broker has the data directory (a desktop app has a headless one leave), and what the ledger throws. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { dataDirectory, kind } = options;
  const os = createOs({ dataDirectory, command: latchkeyCommand() });
  await using undo = new AsyncDisposableStack();
  undo.use(await ownLock(options, os.clock));

  const leaving = Promise.withResolvers<'asked' | 'idle'>();
  const broker = await createBroker({
    os,
    connectPractice: info => connectPractice(info, os),
    accountKinds: [azureAccounts(os), awsAccounts(os)],
    dataDirectory,
    host: kind,
    version: appVersion(),
    // A moment later, so that the answer to the caller gets out.
    leave: () => void os.clock.after(pauseMs, () => leaving.resolve('asked')),
  });
  undo.defer(() => broker.stop());
  broker.start();

  let lastHeard = os.clock.now();
  const talk: Talk = { connections: 0, heard: () => (lastHeard = os.clock.now()) };
  const router = createRouter(broker);
  const carry = createCarrier(router, { log: os.log, talk });
  let web: Promise<LoopbackWeb> | undefined;
  undo.defer(async () => (await web)?.[Symbol.asyncDispose]());
  const webAddress = async () => {
    web ??= openLoopbackWeb({ os, folder: rendererFolder, carry });
    return (await web).newAddress();
  };
  undo.use(await openLocalSocket({ os, dataDirectory, carry, webAddress }));

  const { idleMs } = options;
  if (idleMs !== undefined) {
    const look = () => {
      if (broker.services.grants.anyLive() || talk.connections > 0) lastHeard = os.clock.now();
      if (os.clock.now() - lastHeard >= idleMs) leaving.resolve('idle');
      else timer = os.clock.after(idleMs / 10, look);
    };
    let timer = os.clock.after(idleMs / 10, look);
    undo.defer(() => timer[Symbol.dispose]());
  }

  const running = undo.move();
  return {
    leaving: leaving.promise,
    client: createRouterClient(router),
    carry,
    webAddress,
    stop: () => running.disposeAsync(),
  };
}

async function ownLock(options: HostOptions, clock: Clock): Promise<Disposable> {
  const path = join(options.dataDirectory, 'broker.lock');
  const lock = takeLock(path);
  if (lock) return lock;
  if (options.kind === 'desktop' && (await askToLeave(options.dataDirectory))) {
    const until = clock.now() + takeOverMs;
    while (clock.now() < until) {
      await new Promise<void>(resolve => clock.after(pauseMs, resolve));
      const taken = takeLock(path);
      if (taken) return taken;
    }
  }
  throw new LatchkeyError({
    code: 'BROKER_RUNNING',
    message: `Another Latchkey uses ${options.dataDirectory}.`,
    fix: 'Use that one, or name another folder with --data-dir.',
  });
}

/** True if a headless broker is there and was asked to make way. */
async function askToLeave(dataDirectory: string): Promise<boolean> {
  const connection = await connectBroker(dataDirectory);
  if (!connection) return true; // Just coming or just leaving: the lock will tell.
  try {
    const { host } = await connection.client.app.info({});
    if (host === 'headless') await connection.client.app.leave({});
    return host === 'headless';
  } finally {
    connection.close();
  }
}
