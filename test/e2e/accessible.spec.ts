/** Every screen, pane and dialog in both themes: no rule of accessibility that a machine can check is broken. */
import { details, dialog, expectAccessible, row, tab } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: false });

/** Each theme, and what of it has to be looked at: all in one, what can differ in the other. */
const themes = [
  ['light', undefined],
  ['dark', 'colours'],
] as const;

for (const [colorScheme, only] of themes) {
  test(`the first run, ${colorScheme}`, async ({ open }) => {
    const page = await open(latchkey, { colorScheme });
    await expect(page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' })).toBeVisible();
    await expectAccessible(page, 'first run', only);
  });
}

test.describe('signed in', () => {
  test.beforeAll(async () => {
    await latchkey.client.accounts.addPractice({});
    await latchkey.client.vms.list({ refresh: true });
  });

  for (const [colorScheme, only] of themes) {
    test(`every screen and pane, ${colorScheme}`, async ({ open }) => {
      const page = await open(latchkey, { colorScheme });
      await latchkey.client.grants.request({ vms: ['web-1', 'sql-prod-1'] });
      await row(page, 'web-1').dblclick();
      await expect(details(page).getByRole('heading', { name: /^Open for you/ })).toBeVisible();
      await expect(details(page).getByText('How you get to port 22')).toBeVisible();
      await expectAccessible(page, 'list, connected, open doors', only);
      await row(page, 'build-agent-07').dblclick();
      await expect(details(page).getByRole('alert')).toBeVisible();
      await expectAccessible(page, 'not connected', only);
      await row(page, 'web-1').click({ modifiers: ['ControlOrMeta'] });
      await expect(details(page)).toContainText('2 VMs selected');
      await expectAccessible(page, 'several selected', only);
      await page.getByRole('button', { name: 'Keys' }).click();
      await expect(page.getByText('request access…')).toBeVisible();
      await expectAccessible(page, 'keys', only);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'You are seen from' }).click();
      await expect(page.getByRole('columnheader', { name: 'Observer' })).toBeVisible();
      await expectAccessible(page, 'seen from', only);
      await page.keyboard.press('Escape');
      for (const kind of ['Not configured', 'Unsupported']) {
        await tab(page, kind).click();
        await page.getByRole('row').nth(2).click();
        await expect(details(page).getByText('Looking at the VM')).toHaveCount(0);
        await expectAccessible(page, kind, only);
      }
      for (const screen of ['Grants', 'Activity', 'Accounts', 'Settings']) {
        await page.getByRole('link', { name: screen }).click();
        await expect(page.getByRole('heading', { name: screen, level: 1 })).toBeVisible();
        await expectAccessible(page, screen, only);
      }
    });

    test(`every dialog, ${colorScheme}`, async ({ open }) => {
      const page = await open(latchkey, { colorScheme });
      await latchkey.client.grants.request({ vms: ['web-1', 'pay-db'] });
      await row(page, 'web-2').click();
      await page.keyboard.press('r');
      await expect(dialog(page)).toContainText('let 127.0.0.1/32 in');
      await dialog(page).getByRole('radio', { name: 'A range' }).check();
      await dialog(page).getByLabel('Addresses or CIDRs').fill('nonsense');
      await expect(dialog(page).getByRole('alert')).toBeVisible();
      await expectAccessible(page, 'request, with an error', only);
      await page.keyboard.press('Escape');
      await page.keyboard.press('l');
      await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
      await expectAccessible(page, 'edit policy', only);
      await page.keyboard.press('Escape');
      await details(page).getByRole('button', { name: 'Unlock…' }).click();
      await expect(dialog(page).getByRole('button', { name: 'Unlock', exact: true })).toBeEnabled();
      await expectAccessible(page, 'unlock', only);
      await page.keyboard.press('Escape');
      await row(page, 'build-agent-07').click({ modifiers: ['ControlOrMeta'] });
      await page.keyboard.press('r');
      await dialog(page).getByRole('button', { name: 'Open 2' }).click();
      await expect(dialog(page).getByRole('button', { name: 'Open 1' })).toBeVisible();
      await expectAccessible(page, 'request for several, with results', only);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Revoke all' }).click();
      await expect(dialog(page)).toContainText('Revoke 3 grants?');
      await expectAccessible(page, 'revoke all', only);
      await page.keyboard.press('Escape');
      await tab(page, 'Not configured').click();
      await row(page, 'pay-api-1').dblclick();
      await expect(dialog(page)).toContainText('not Latchkey’s');
      await expectAccessible(page, 'lock', only);
    });
  }
});
