/** The README's picture of the window, made anew when asked: `LATCHKEY_PICTURE=docs/window.png npx playwright test picture`. */
import { details, door, row } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });
const path = process.env['LATCHKEY_PICTURE'] ?? 'docs/window.png';
const theme = process.env['LATCHKEY_PICTURE_THEME'] === 'dark' ? 'dark' : 'light';

test('the window with some open doors', async ({ open }) => {
  // A week is not to be had, a busy quarter of an hour is.
  for (const vm of ['web-2', 'pay-db', 'web-1', 'web-2', 'pay-desk', 'web-1']) {
    const { grants } = await latchkey.client.grants.request({ vms: [vm], forMs: 900_000 });
    await latchkey.client.grants.revoke({ grants: grants.map(({ id }) => id) });
  }
  await latchkey.client.grants.request({ vms: ['pay-db'], forMs: 2_700_000, reason: 'slow queries' });
  await latchkey.client.grants.request({
    vms: ['sql-prod-1'],
    forMs: 900_000,
    reason: 'INC-4411, disk full',
  });
  await latchkey.client.grants.request({ vms: ['web-1'], forMs: 3_600_000, reason: 'INC-4411, disk full' });
  const page = await open(latchkey, { colorScheme: theme });
  await row(page, 'web-1').click();
  await expect(details(page)).toContainText('How you get to port 22');
  await expect(door(page, 'pay-db')).toBeVisible();
  await expect(page.getByRole('button', { name: 'You are seen from' })).toContainText('agree');
  await page.mouse.move(640, 760);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot(path === undefined ? {} : { path });
});
