/** The request dialog: what can be asked, what it would write, what is wrong with it, and what became of it. */
import type { Page } from '@playwright/test';
import { details, dialog, door, knock, row, secondsLeft } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

async function ask(page: Page, ...names: [string, ...string[]]): Promise<void> {
  const [first, ...others] = names;
  await row(page, first).click();
  for (const name of others) await row(page, name).click({ modifiers: ['ControlOrMeta'] });
  await page.keyboard.press('r');
  await expect(dialog(page)).toBeVisible();
}

const preview = (page: Page) =>
  dialog(page)
    .locator('section')
    .filter({ has: page.getByRole('heading', { name: 'What will be written' }) });
const open = (page: Page) => dialog(page).getByRole('button', { name: /^Open/ });

test('ports, source and time are chosen, and the preview says at each change what would be written', async ({
  open: openWindow,
}) => {
  const page = await openWindow(latchkey);
  await ask(page, 'web-1');
  // By default: the usual port, from my IP, for an hour.
  await expect(preview(page)).toContainText('web-subnet-nsg: let 127.0.0.1/32 in to port 22 for 1h');
  await expect(preview(page)).toContainText('web-1-nsg: let 127.0.0.1/32 in to port 22 for 1h');

  await dialog(page).getByRole('checkbox', { name: '3389 RDP' }).check();
  await expect(preview(page)).toContainText('ports 22, 3389');
  await dialog(page).getByRole('checkbox', { name: '22 SSH' }).uncheck();
  await expect(preview(page)).toContainText('to port 3389 for 1h');
  await dialog(page).getByRole('checkbox', { name: '3389 RDP' }).uncheck();
  await expect(dialog(page)).toContainText('Choose at least one port.');
  await expect(open(page)).toBeDisabled();
  await dialog(page).getByRole('checkbox', { name: '22 SSH' }).check();

  await dialog(page).getByRole('radio', { name: 'A range' }).check();
  await dialog(page).getByLabel('Addresses or CIDRs').fill('203.0.113.0/28, 198.51.100.7');
  await expect(preview(page)).toContainText('let 203.0.113.0/28, 198.51.100.7/32 in');
  await dialog(page).getByRole('radio', { name: 'All configured' }).check();
  await expect(dialog(page)).toContainText('Everybody in the policy’s sources gets in');
  await expect(preview(page)).toContainText('let 0.0.0.0/0 in to port 22');
  await dialog(page).getByRole('radio', { name: 'My IP' }).check();

  await dialog(page).getByRole('button', { name: '15 min' }).click();
  await expect(preview(page)).toContainText('for 15m');
  await dialog(page).getByRole('button', { name: 'max 3 hr' }).click();
  await expect(preview(page)).toContainText('for 3h');
  // The slider goes by five minutes and stops at what the policy allows.
  const slider = dialog(page).getByRole('slider', { name: 'Time' });
  await expect(slider).toHaveAttribute('max', '180');
  await slider.press('ArrowLeft');
  await expect(preview(page)).toContainText('for 2h55m');
  await slider.press('End');
  await slider.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', '3 hr');
  await slider.press('Home');
  await expect(preview(page)).toContainText('for 5m');
  // Nothing was written by looking.
  expect((await latchkey.client.grants.list({ all: true })).grants).toEqual([]);
});

test('what is wrong is said at its field, and nothing is opened', async ({ open: openWindow }) => {
  const page = await openWindow(latchkey);
  await ask(page, 'web-1');
  await dialog(page).getByRole('radio', { name: 'A range' }).check();
  const range = dialog(page).getByLabel('Addresses or CIDRs');
  await expect(open(page)).toBeDisabled();
  await range.fill('203.0.113.300/28');
  await expect(range).toHaveAttribute('aria-invalid', 'true');
  await expect(range).toHaveAccessibleDescription(/203\.0\.113\.300\/28/);
  // Enter sends it all the same; the broker refuses it at the same place.
  await range.press('Enter');
  await expect(dialog(page).getByRole('alert')).toContainText('203.0.113.300/28');
  await expect(dialog(page)).toBeVisible();
  await range.fill('203.0.113.0/28');
  await expect(range).toHaveAttribute('aria-invalid', 'false');
  await page.keyboard.press('Escape');
  expect((await latchkey.client.grants.list({})).grants.filter(grant => grant.state === 'open')).toEqual([]);

  await ask(page, 'build-agent-07');
  await expect(dialog(page).getByRole('alert')).toContainText('build-agent-07 is stopped');
  await expect(dialog(page).getByRole('alert')).toContainText('Start the VM');
});

test('a request opens the port for real, with its justification, and the row counts down', async ({
  open: openWindow,
}) => {
  const page = await openWindow(latchkey);
  const web = await latchkey.vm('web-1');
  expect(await knock(web)).toBeUndefined();
  await ask(page, 'web-1');
  const reason = 'disk full, <img src=x onerror="window.__pwned=1">';
  await dialog(page).getByLabel('Justification').fill(reason);
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toHaveCount(0);
  await expect(row(page, 'web-1')).toContainText(/open59:\d\d/);
  expect(await knock(web)).toMatch(/^SSH-2\.0-/);
  await expect(door(page, 'web-1')).toContainText(/22\s*59:\d\d/);
  const first = await secondsLeft(row(page, 'web-1'));
  await expect.poll(() => secondsLeft(row(page, 'web-1'))).toBeLessThan(first - 1);
  await expect(page.getByRole('link', { name: 'Grants' })).toContainText('1 open');
  await expect(details(page)).toContainText(reason);
  await expect(page.locator('img')).toHaveCount(0);
  await expect(details(page)).toContainText('How you get to port 22');
  await expect(details(page)).toContainText('session that is open may go on');

  await door(page, 'web-1').getByRole('button', { name: 'Revoke the grant for web-1' }).click();
  await expect(row(page, 'web-1')).toContainText('shut');
  await expect(page.getByRole('contentinfo')).toHaveCount(0);
  expect(await knock(web)).toBeUndefined();
  await expect(details(page)).toContainText('What keeps you from port 22');
});

test('for several VMs each has its own result, and those that failed can be asked again', async ({
  open: openWindow,
}) => {
  // High enough that all three are rows of the page at once: a long list draws only what is seen.
  const page = await openWindow(latchkey, { viewport: { width: 1280, height: 1200 } });
  await ask(page, 'web-2', 'build-agent-07', 'pay-db');
  await expect(dialog(page)).toContainText('Request access to 3 VMs');
  await expect(dialog(page).getByRole('checkbox', { name: 'The usual one' })).toBeChecked();
  await expect(preview(page)).toContainText('web-subnet-nsg: let 127.0.0.1/32 in');
  await expect(preview(page)).toContainText('build-agent-07 is stopped');
  await dialog(page).getByLabel('Justification').fill('rollout');
  await open(page).click();
  const result = (name: string) => dialog(page).getByRole('listitem').filter({ hasText: name });
  await expect(result('web-2')).toContainText('open');
  await expect(result('pay-db')).toContainText('open');
  await expect(result('build-agent-07').getByRole('alert')).toContainText('is stopped');
  await expect(open(page)).toHaveText('Open 1');
  for (const name of ['web-2', 'pay-db']) expect(await knock(await latchkey.vm(name))).toMatch(/^SSH-2\.0-/);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Revoke all' }).click();
  await expect(dialog(page)).toContainText('Revoke 2 grants?');
  await expect(dialog(page)).toContainText('pay-db');
  await page.keyboard.press('Enter');
  await expect(row(page, 'web-2')).toContainText('shut');
  await expect(row(page, 'pay-db')).toContainText('shut');
  for (const name of ['web-2', 'pay-db']) expect(await knock(await latchkey.vm(name))).toBeUndefined();
});
