/** Open doors as the window shows them: extended, ended by their own time, stuck, seen by every page and in the activity. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { dialog, door, knock, row, secondsLeft, toast } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

/** Asks as another door would: the command line, a colleague's script. Milliseconds. */
const grantFor = async (vm: string, forMs: number, reason?: string) =>
  (await latchkey.client.grants.request({ vms: [vm], forMs, ...(reason === undefined ? {} : { reason }) }))
    .grants[0];

test('extending moves the end, up to what the policy allows', async ({ open }) => {
  const page = await open(latchkey);
  await grantFor('web-1', 600_000);
  await expect(row(page, 'web-1')).toContainText(/open(9:\d\d|10:00)/);
  await door(page, 'web-1').getByRole('button', { name: 'Extend the grant for web-1' }).click();
  await expect(toast(page, /^web-1 stays open until \d\d:\d\d$/)).toBeVisible();
  await expect(row(page, 'web-1')).toContainText(/open(39:\d\d|40:00)/);
  expect(await secondsLeft(door(page, 'web-1'))).toBeGreaterThan(38 * 60);

  await grantFor('web-2', 165 * 60_000);
  await door(page, 'web-2').getByRole('button', { name: 'Extend the grant for web-2' }).click();
  await expect(
    toast(page, /^3h1\dm(\d+s)? is too long: the policy opens port 22\S* for at most 3h/),
  ).toBeVisible();
  await expect(row(page, 'web-2')).toContainText(/open2:4\d:/);
});

test('a grant that another door asked for appears by itself, and ends by itself at its time', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(row(page, 'pay-db')).toContainText('shut');
  const vm = await latchkey.vm('pay-db');
  const grant = await grantFor('pay-db', 5_000);
  await expect(door(page, 'pay-db')).toBeVisible();
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);
  await expect(door(page, 'pay-db')).toHaveCount(0, { timeout: 15_000 });
  await expect(row(page, 'pay-db')).toContainText('shut');
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(grant?.endsAt ?? ''));
  expect(await knock(vm)).toBeUndefined();
  await page.getByRole('link', { name: 'Grants' }).click();
  await expect(page.getByRole('heading', { name: 'No door is open' })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Lately' }).getByRole('row').nth(1)).toContainText('pay-db');
});

test('a grant that can not be ended is stuck, says so everywhere, and goes when the cloud lets it', async ({
  open,
}) => {
  const page = await open(latchkey);
  await grantFor('sql-prod-1', 600_000);
  await expect(door(page, 'sql-prod-1')).toBeVisible();
  await latchkey.badDay({
    method: 'DELETE',
    path: 'securityRules',
    status: 403,
    times: 0,
    code: 'AuthorizationFailed',
  });
  await door(page, 'sql-prod-1').getByRole('button', { name: 'Revoke the grant for sql-prod-1' }).click();
  await expect(door(page, 'sql-prod-1')).toContainText('stuck', { timeout: 30_000 });
  await expect(page.getByRole('link', { name: 'Grants' })).toContainText('1 stuck');
  await expect(row(page, 'sql-prod-1')).toContainText('stuck');
  await page.getByRole('link', { name: 'Grants' }).click();
  await expect(page.getByRole('main')).toContainText(
    'Its port may still be open. Latchkey keeps trying to shut it.',
  );
  await latchkey.goodDays();
  await page.getByRole('main').getByRole('button', { name: 'Revoke the grant for sql-prod-1' }).click();
  await expect(page.getByRole('heading', { name: 'No door is open' })).toBeVisible();
});

test('two pages see each other’s changes, and neither asks again and again', async ({ open }) => {
  const calls: string[] = [];
  const [one, two] = [await open(latchkey), await open(latchkey)];
  for (const page of [one, two]) await expect(row(page, 'web-2')).toContainText('shut');
  await row(one, 'web-2').click();
  await one.keyboard.press('r');
  await dialog(one).getByLabel('Justification').fill('from the first page');
  await one.keyboard.press('Enter');
  await expect(door(two, 'web-2')).toBeVisible();
  await expect(row(two, 'web-2')).toContainText(/open59:\d\d/);
  // What a page that was opened now and then reloaded says to the broker, from its first word.
  two.on('websocket', socket => socket.on('framesent', ({ payload }) => calls.push(String(payload))));
  await two.reload();
  await expect(row(two, 'web-2')).toContainText(/open59:\d\d/);
  await expect(two.getByRole('button', { name: /^Refreshed/ })).toBeVisible();
  await row(two, 'pay-db').click();
  await expect(two.getByText('What keeps you from port 22')).toBeVisible();
  const settled = calls.length;
  expect(settled).toBeGreaterThan(5);
  const left = await secondsLeft(door(two, 'web-2'));
  await expect.poll(() => secondsLeft(door(two, 'web-2'))).toBeLessThan(left - 3);
  expect(calls.slice(settled), 'calls of a page at rest').toEqual([]);
  await door(two, 'web-2').getByRole('button', { name: 'Revoke the grant for web-2' }).click();
  await expect(door(one, 'web-2')).toHaveCount(0);
  await expect(row(one, 'web-2')).toContainText('shut');
});

test.describe('activity', () => {
  const line = (page: Page, text: string) =>
    page.getByRole('table', { name: 'Activity' }).getByRole('row').filter({ hasText: text });

  test('shows what happens as it happens, filtered', async ({ open }) => {
    const page = await open(latchkey);
    await page.getByRole('link', { name: 'Activity' }).click();
    await grantFor('pay-db', 300_000, 'the other row');
    const grant = await grantFor('web-1', 300_000, 'live rows');
    await expect(line(page, 'the other row').first()).toBeVisible();
    await expect(line(page, 'live rows').first()).toBeVisible();
    await latchkey.client.grants.revoke({ grants: [grant?.id ?? ''] });
    await expect(line(page, 'revoked').first()).toContainText('web-1');
    await page.getByRole('textbox', { name: 'VM' }).fill('web-1');
    await expect(line(page, 'the other row')).toHaveCount(0);
    await expect(line(page, 'live rows').first()).toBeVisible();
  });

  test('is saved as CSV that no spreadsheet takes for formulas', async ({ open }) => {
    const page = await open(latchkey);
    for (const reason of ['=1+1', '+SUM(A1)', '@cmd', '-2+3', '\t=1', 'plain, with "quotes"']) {
      const grant = await grantFor('web-1', 300_000, reason);
      await latchkey.client.grants.revoke({ grants: [grant?.id ?? ''] });
    }
    await page.getByRole('link', { name: 'Activity' }).click();
    await expect(line(page, 'plain, with').first()).toBeVisible();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^latchkey-activity-\d{4}-\d\d-\d\d\.csv$/);
    const cells = cellsOf(await readFile(await download.path(), 'utf8'));
    expect(cells.some(cell => cell.includes('1+1'))).toBe(true);
    expect(cells).toContain('plain, with "quotes"');
    expect(cells.filter(cell => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    await expect(toast(page, 'The CSV is in your downloads')).toBeVisible();
  });
});

/** The cells of an RFC 4180 text. */
function cellsOf(csv: string): string[] {
  return [...csv.replace(/^\ufeff/, '').matchAll(/(?:^|,|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  );
}
