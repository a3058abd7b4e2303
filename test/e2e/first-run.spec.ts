/** The first minute: nobody is signed in, one click later there is a list to work with. */
import { row, tab } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: false });

test('without an account the window offers the practice cloud, and one click brings the list', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' })).toBeVisible();
  const start = page.getByRole('button', { name: 'Start the practice cloud' });
  await expect(start).toBeFocused();
  await start.click();
  await expect(row(page, 'web-1')).toBeVisible({ timeout: 30_000 });
  await expect(tab(page, 'Configured').first()).toHaveText('Configured11');
  await page.screenshot({ path: '/tmp/e2e/first.png' });
});
