/**
 * A broker that is killed at point `killAt`: run as a process of its own by survivor.ts. Asks for access, extends it
 * and revokes it; leaves with 0 if it got through. What it needs comes as one JSON document on standard input.
 */
import { flushCompileCache } from 'node:module';
import { text } from 'node:stream/consumers';
import { createBroker } from '../../main/broker/broker.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import { cloudsWith, databasesWith } from './points.ts';

export interface VictimInput {
  dataDirectory: string;
  info: PracticeInfo;
  vm: string;
  /** At which point, counted from 1; or the first one of a kind. */
  killAt: number | string;
  forMs: number;
  byMs: number;
}

const input = JSON.parse(await text(process.stdin)) as VictimInput;
// The ports' timers let a process end; a host stays because of its doors, this one because of this.
setInterval(() => undefined, 1_000);

// Whoever is killed writes nothing when it ends.
flushCompileCache();
let reached = 0;
let armed = false;

function reach(label: string): void {
  if (!armed) return;
  reached++;
  if (input.killAt !== reached && input.killAt !== label) return;
  process.stdout.write(`${label}\n`);
  process.kill(process.pid, 'SIGKILL');
}

const os = createOs({ dataDirectory: input.dataDirectory, command: [] });
const broker = await createBroker({
  accountKinds: [],
  os: {
    ...os,
    practice: { ensure: async () => input.info, find: async () => input.info },
    databases: databasesWith(reach, os.databases),
  },
  connectPractice: cloudsWith(reach, info => connectPractice(info, os)),
  dataDirectory: input.dataDirectory,
  host: 'headless',
  version: '0',
  leave: () => undefined,
});
broker.start();
const { accounts, grants, inventory } = broker.services;
await accounts.addPractice();
await inventory.find(input.vm);
armed = true;
const { grants: opened } = await grants.request({
  vms: [input.vm],
  forMs: input.forMs,
});
const [grant] = opened;
if (!grant) throw new Error('no grant');
reach('request');
const id = grant.id as Parameters<typeof grants.extend>[0];
await grants.extend(id, { byMs: input.byMs });
await grants.revoke({ grants: [id] });
process.exit(0);
