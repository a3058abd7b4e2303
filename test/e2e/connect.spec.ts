/** Double-click: from the list to a client that is connected, or to the exact command where none can be started. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { details, door, row } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });
const hasSsh = () => existsSync(join(latchkey.folder, 'programs', 'ssh'));

const stages = ['Your address', 'Asked', 'Rule is there', 'Port answers', 'Client started'];
const stage = (page: Page, name: string) => details(page).getByRole('listitem').filter({ hasText: name });

/** Notes in the page itself which stage was seen under way when: between two looks from outside one could be missed. */
async function noteStages(page: Page): Promise<() => Promise<string[]>> {
  const seen = await page.evaluateHandle(names => {
    const noted: string[] = [];
    new MutationObserver(() => {
      for (const item of document.querySelectorAll('aside li[data-state]')) {
        const name = names.find(each => item.textContent?.includes(each));
        const note = `${name} ${item.getAttribute('data-state')}`;
        if (!note.endsWith('waiting') && !noted.includes(note)) noted.push(note);
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    return noted;
  }, stages);
  return () => seen.jsonValue();
}

test('without a terminal to start, every stage is shown and then the exact command', async ({
  open,
  context,
}) => {
  void context;
  test.skip(!hasSsh(), 'there is no ssh here to make a command of');
  const page = await open(latchkey, { permissions: ['clipboard-read', 'clipboard-write'] });
  const seen = await noteStages(page);
  await row(page, 'web-1').dblclick();
  await expect(
    details(page).getByRole('heading', { name: 'Open for you: start the client yourself' }),
  ).toBeVisible();
  const noted = await seen();
  expect(noted.filter(note => note.endsWith('done'))).toEqual(stages.slice(0, 4).map(name => `${name} done`));
  await expect(stage(page, 'Port answers')).toContainText('SSH-2.0-OpenSSH');
  await expect(stage(page, 'Port answers')).toContainText(/\d+ ms|\d+(\.\d)? sec/);
  await expect(stage(page, 'Client started')).toContainText('No terminal was found');
  await expect(door(page, 'web-1')).toBeVisible();
  await details(page).getByRole('button', { name: 'Copy the command' }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  // The command does what it promises, strict host keys included.
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `${command} hostname`]);
  expect(stdout.trim()).toBe('web-1');
  expect(command).toContain('StrictHostKeyChecking=yes');

  // Once more: the grant that is there is used, nobody is asked again.
  await page.keyboard.press('Escape');
  await row(page, 'web-1').dblclick();
  await expect(stage(page, 'Asked')).toContainText('is there already');
  await expect(page.getByRole('contentinfo').getByRole('listitem')).toHaveCount(1);
});

test('with one, the client is started and logs in', async ({ open }) => {
  test.skip(!hasSsh(), 'there is no ssh here to start');
  const proof = join(latchkey.folder, 'proof');
  // Stands for a person's terminal: runs what it is given, and `hostname` on the machine it leads to.
  latchkey.addProgram('x-terminal-emulator', `shift; exec "$@" hostname > '${proof}' 2>&1`);
  const page = await open(latchkey);
  await row(page, 'pay-db').dblclick();
  await expect(details(page).getByText(/Your client was started for 127\.0\.0\.1:\d+\./)).toBeVisible();
  await expect(stage(page, 'Client started')).toContainText('Started.');
  await expect.poll(() => readFile(proof, 'utf8').catch(() => '')).toContain('pay-db');
  // A name that looks like an option stays a name.
  await row(page, '-oProxyCommand=touch pwned').dblclick();
  await expect.poll(() => readFile(proof, 'utf8').catch(() => '')).toContain('oproxycommand-touch-pwned');
  expect(existsSync('pwned')).toBe(false);
  await unlink(join(latchkey.folder, 'programs', 'x-terminal-emulator'));
});

test('a Windows machine gets a .rdp file, shown where no RDP client is found', async ({ open }) => {
  const page = await open(latchkey);
  await row(page, 'sql-prod-1').click();
  await details(page).getByRole('button', { name: 'Connect with RDP' }).click();
  await expect(stage(page, 'Port answers')).toContainText('RDP');
  await expect(stage(page, 'Client started')).toContainText('No RDP client was found');
  const command = await details(page).locator('code').filter({ hasText: '.rdp' }).first().innerText();
  const file = /\S+\.rdp/.exec(command)?.[0] ?? '';
  const { endpoints } = await latchkey.vm('sql-prod-1');
  const port = endpoints.find(endpoint => endpoint.port === 3389)?.hostPort;
  expect(await readFile(file, 'utf8')).toContain(`full address:s:127.0.0.1:${port}`);
});

test('a stopped machine says so at once, and nothing is opened for it', async ({ open }) => {
  const page = await open(latchkey);
  await expect(row(page, 'build-agent-07')).toContainText('stopped');
  await row(page, 'build-agent-07').dblclick();
  await expect(details(page).getByRole('alert')).toContainText(
    'build-agent-07 is stopped: nothing would answer.',
  );
  await expect(details(page).getByRole('alert')).toContainText('Start the VM, then ask again.');
  await expect(details(page).getByRole('heading', { name: 'Not connected' })).toBeVisible();
  await expect(details(page)).toContainText('the VM is stopped');
  await expect(page.getByRole('contentinfo')).toHaveCount(0);
});

test('how one connects to a machine is remembered, and only a name: never an option', async ({ open }) => {
  const page = await open(latchkey);
  await row(page, 'web-2').click();
  await details(page).getByRole('button', { name: 'As your system does it' }).click();
  await details(page).getByLabel('User').fill('-oProxyCommand=touch pwned');
  await details(page).getByRole('button', { name: 'Save' }).click();
  await expect(details(page).getByRole('alert')).toBeVisible();
  await details(page).getByLabel('User').fill('ada');
  await details(page).getByRole('button', { name: 'Save' }).click();
  await expect(details(page).getByRole('alert')).toHaveCount(0);
  await page.reload();
  await row(page, 'web-2').click();
  await expect(details(page).getByRole('button', { name: 'ada' })).toBeVisible();
});
