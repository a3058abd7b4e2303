/** A whole broker on an embedded practice cloud of its own, with this computer's real time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type Broker, createBroker } from '../../main/broker/broker.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import type { Os } from '../../main/os/ports.ts';
import { type Practice, type PracticeOptions, startPractice } from '../../main/practice/practice.ts';

export interface BrokerSetUp {
  broker: Broker;
  services: Broker['services'];
  dataDirectory: string;
  /** The practice cloud that runs now. */
  practice: () => Practice;
  /** Asks the practice cloud's control interface, `/faults` for one; gives the answer's JSON. */
  control: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<unknown>;
  /** Ends the practice cloud; the next one is started when the broker asks for it. */
  endPractice: () => Promise<void>;
  /** Ends this broker and starts the next one on the same data directory. */
  restart: () => Promise<Broker['services']>;
}

/** Both practice accounts are added and listed. Everything ends with the test. */
export async function startTestBroker(
  options: Partial<PracticeOptions> = {},
  change: (os: Os) => Partial<Os> = () => ({}),
): Promise<BrokerSetUp> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }));
  let running: Promise<Practice> | undefined;
  let practice: Practice | undefined;
  const ensure = async () => {
    running ??= startPractice({ dataDirectory, latencyMs: 0, ...options });
    practice = await running;
    return practice.info;
  };
  const endPractice = async (): Promise<void> => {
    const ending = practice;
    running = undefined;
    practice = undefined;
    await ending?.stop();
  };
  const real = createOs({ dataDirectory, command: [] });
  const os: Os = { ...real, practice: { ensure, find: async () => practice?.info }, userName: 'jo' };
  const start = async (): Promise<Broker> => {
    const broker = await createBroker({
      os: { ...os, ...change(os) },
      connectPractice,
      accountKinds: [],
      dataDirectory,
      host: 'headless',
      version: '0',
      leave: () => undefined,
    });
    broker.start();
    return broker;
  };
  let broker = await start();
  onTestFinished(async () => {
    broker.stop();
    await endPractice();
  });
  const control: BrokerSetUp['control'] = async (method, path, body) => {
    const { info } = practice ?? { info: await ensure() };
    const ca = readFileSync(info.caFile);
    const headers = {
      authorization: `Bearer ${info.azure.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(info.control + path, { method, ca, headers }, resolve).once('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
    const said = await text(answer);
    if ((answer.statusCode ?? 500) >= 400) throw new Error(said);
    return JSON.parse(said);
  };
  await broker.services.accounts.addPractice();
  await broker.services.inventory.refresh();
  return {
    broker,
    services: broker.services,
    dataDirectory,
    practice() {
      if (!practice) throw new Error('no practice cloud runs');
      return practice;
    },
    control,
    endPractice,
    async restart() {
      broker.stop();
      broker = await start();
      return broker.services;
    },
  };
}
