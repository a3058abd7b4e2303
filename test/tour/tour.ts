/**
 * The main job without a screen, a sentence a step. Everything is done by the `latchkey` command as a person would; what
 * it claims is checked from outside: with a bare TCP connection, in the clouds' own APIs, with an SSH client. Ends 0 only
 * if every step was seen to be true.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityRow } from '../../shared/contract/activity.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmList, VmRow } from '../../shared/contract/vms.ts';
import { latchkey, startPracticeCommand } from './command.ts';
import { answers, nsgRules, runBySsh, securityGroupRules, untilRefused } from './outside.ts';

let passed = 0;

/** One step: says its sentence when it is true, stops the tour when it is not. */
async function step(sentence: string, check: () => Promise<string | undefined>): Promise<void> {
  const more = await check();
  passed++;
  console.log(`✓ ${sentence}${more ? ` (${more})` : ''}`);
}

function must(condition: unknown, text: string): asserts condition {
  if (!condition) throw new Error(text);
}

async function tour(folder: string): Promise<void> {
  const run = latchkey(folder);
  const practice = await startPracticeCommand(folder);
  try {
    let list: VmList | undefined;
    const vm = (name: string): VmRow => {
      const found = list?.vms.find(one => one.name === name);
      must(found, `${name} is not in the list`);
      return found;
    };
    const endpoint = (name: string) => {
      const found = vm(name).endpoints.find(one => one.port === 22);
      must(found, `${name} has no endpoint for port 22`);
      return found;
    };

    await step('The list shows the VMs of both clouds.', async () => {
      list = await run.json<VmList>('vms');
      const count = (cloud: string) => list?.vms.filter(one => one.cloud === cloud).length ?? 0;
      must(count('azure') > 0 && count('aws') > 0, 'a cloud is missing');
      return `${count('azure')} Azure, ${count('aws')} AWS`;
    });

    for (const { name, cloud, rules } of [
      { name: 'web-1', cloud: 'NSG', rules: nsgRules },
      { name: 'pay-db', cloud: 'security group', rules: securityGroupRules },
    ]) {
      let grant: Grant | undefined;
      await step(`${name} is locked: its SSH port refuses.`, async () => {
        must(!(await answers(endpoint(name))), 'it answered');
        return undefined;
      });
      await step(`Access to ${name} is asked for and granted.`, async () => {
        const { grants } = await run.json<{ grants: Grant[] }>(
          'request',
          name,
          '--for',
          '5m',
          '--reason',
          'the tour',
          '--wait',
        );
        grant = grants[0];
        must(grant?.state === 'open', 'it is not open');
        return `grant ${grant.id}`;
      });
      await step(`Its rule stands in the ${cloud}, seen through the cloud's own API.`, async () => {
        const standing = (await rules(practice.info)).filter(rule =>
          rule.description.includes(grant?.id ?? '?'),
        );
        must(standing.length > 0, 'no rule carries the grant');
        return standing.map(rule => rule.name).join(', ');
      });
      await step(`An SSH client logs in to ${name} and runs a command.`, async () => {
        const { text, client } = await runBySsh(folder, run, name, endpoint(name), 'hostname');
        must(text.trim() === name, `it said ${JSON.stringify(text)}`);
        return `${client}: ${text.trim()}`;
      });
      await step(`The grant for ${name} is extended, in the rule's own description too.`, async () => {
        const before = Date.parse(grant?.endsAt ?? '');
        const extended = await run.json<Grant>('extend', grant?.id ?? '', '--for', '10m');
        must(Date.parse(extended.endsAt) > before, 'the end did not move');
        const written = extended.endsAt.replace(/\.000Z$/, 'Z');
        const standing = (await rules(practice.info)).filter(rule => rule.description.includes(written));
        must(standing.length > 0, `no rule says ${written}`);
        return undefined;
      });
      await step(
        `The grant for ${name} is revoked; the port refuses again and the rule is gone.`,
        async () => {
          await run.json('revoke', grant?.id ?? '');
          must(!(await answers(endpoint(name))), 'it still answers');
          const left = (await rules(practice.info)).filter(rule =>
            rule.description.includes(grant?.id ?? '?'),
          );
          must(left.length === 0, `${left.map(rule => rule.name).join(', ')} still stands`);
          return undefined;
        },
      );
    }

    await step('Another grant ends by its own time; nobody has to be there.', async () => {
      const { grants } = await run.json<{ grants: Grant[] }>('request', 'web-1', '--for', '4s', '--wait');
      const ends = Date.parse(grants[0]?.endsAt ?? '');
      const late = (await untilRefused(endpoint('web-1'), ends + 15_000)) - ends;
      must(
        (await nsgRules(practice.info)).every(rule => !rule.description.includes(grants[0]?.id ?? '?')),
        'its rule still stands',
      );
      return `${Math.max(0, Math.round(late))} ms after its end`;
    });

    await step('The activity is written as CSV, and no cell can become a formula.', async () => {
      const file = join(folder, 'activity.csv');
      await run.plain('activity', '--csv', file);
      const text = await readFile(file, 'utf8');
      const { rows } = await run.json<{ rows: ActivityRow[] }>('activity');
      must(
        rows.some(row => row.kind === 'opened') && rows.some(row => row.kind === 'expired'),
        'rows are missing',
      );
      must(text.includes('web-1') && text.split('\r\n').length > rows.length, 'the file is too short');
      must(!/(^|,|\n)"?[=+\-@\t]/m.test(text), 'a cell begins like a formula');
      return `${rows.length} rows`;
    });
  } finally {
    await run.stop();
    await practice.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'latchkey-tour-'));
await writeFile(join(folder, 'README.txt'), 'Made by `npm run tour`; removed at its end.\n');
let failed = 0;
try {
  await tour(folder);
} catch (error) {
  failed = 1;
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`tour: ${passed} passed, ${failed} failed`);
process.exitCode = failed;
