/** The list of VMs: finding one, by hand and by keyboard alone, at every width; names made to hurt are only names. */
import type { Page } from '@playwright/test';
import { details, dialog, row, tab } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

const search = (page: Page) => page.getByRole('textbox', { name: 'Search, or jump to a VM' });
const grid = (page: Page) => page.getByRole('grid', { name: 'VMs' });
const shown = (page: Page, count: number) =>
  expect(page.getByText(count === 1 ? '1 VM' : `${count} VMs`, { exact: true })).toBeVisible();

test('tabs count their VMs, and search and chips narrow them all', async ({ open }) => {
  const page = await open(latchkey);
  const { counts, vms } = await latchkey.client.vms.list({});
  const exposed = (wanted: string) =>
    vms.filter(vm => vm.tab === wanted && vm.exposedPorts.length > 0).length;
  await expect(tab(page, 'Configured').first()).toHaveText(
    `Configured${counts.configured} · ${exposed('configured')} exposed`,
  );
  await expect(tab(page, 'Not configured')).toHaveText(
    `Not configured${counts.notConfigured} · ${exposed('not-configured')} exposed`,
  );
  await expect(tab(page, 'Unsupported')).toHaveText(`Unsupported${counts.unsupported}`);
  await shown(page, counts.configured);

  await search(page).fill('web-');
  await shown(page, 2);
  await expect(row(page, 'web-2')).toBeVisible();
  await expect(row(page, 'pay-db')).toHaveCount(0);
  await search(page).fill('10.10.1.4');
  await shown(page, 1);
  await search(page).fill('no such machine');
  await expect(page.getByRole('heading', { name: 'No VM matches' })).toBeVisible();
  await expect(tab(page, 'Unsupported')).toHaveText('Unsupported0');
  await search(page).press('Escape');
  await shown(page, counts.configured);

  const chip = (name: string) => page.getByRole('button', { name, exact: true });
  await chip('AWS').click();
  await expect(chip('AWS')).toHaveAttribute('aria-pressed', 'true');
  await expect(row(page, 'pay-db')).toBeVisible();
  await expect(row(page, 'web-1')).toHaveCount(0);
  await chip('Azure').click();
  await shown(page, counts.configured);
  await chip('Running').click();
  await shown(page, counts.configured - 1);
  await expect(row(page, 'build-agent-07')).toHaveCount(0);
  await chip('Running').click();
  await tab(page, 'Not configured').click();
  await chip('Exposed').click();
  await shown(page, exposed('not-configured'));
  await expect(row(page, 'jump-eu')).toContainText('Anybody may reach 22');
});

test('a column sorts, within each account', async ({ open }) => {
  const page = await open(latchkey);
  const head = page.getByRole('columnheader', { name: 'Name' });
  await expect(head).toHaveAttribute('aria-sort', 'ascending');
  const names = () => page.getByRole('rowheader').allInnerTexts();
  const before = await names();
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'descending');
  const { vms } = await latchkey.client.vms.list({ tab: 'configured' });
  const perScope = Map.groupBy(vms, vm => vm.scope);
  expect((await names()).length).toBe(before.length);
  expect((await names()).indexOf('web-2')).toBeLessThan((await names()).indexOf('web-1'));
  expect(perScope.size).toBe(await page.getByRole('row').filter({ hasText: ' · ' }).count());
});

test('unsupported VMs say why, and offer nothing that can not be done', async ({ open }) => {
  const page = await open(latchkey);
  await tab(page, 'Unsupported').click();
  await expect(row(page, 'old-crm')).toContainText('A classic VM');
  await expect(row(page, 'scratch-3')).toContainText('No network security group and no firewall');
  await row(page, 'old-crm').dblclick();
  await expect(details(page)).toContainText('A classic VM');
  await expect(details(page).getByRole('button', { name: /connect|request|lock/i })).toHaveCount(0);
});

test('everything is done by keyboard: find, select, ask, connect, and back where one was', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(row(page, 'web-1')).toBeVisible();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.keyboard.press('Control+k');
  await expect(search(page)).toBeFocused();
  await page.keyboard.type('web-');
  await page.keyboard.press('Enter');
  await expect(grid(page)).toBeFocused();
  await expect(row(page, 'web-1')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(row(page, 'web-2')).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, 'web-1')).toHaveAttribute('aria-selected', 'false');
  await expect(details(page).getByRole('heading', { name: 'web-2' })).toBeVisible();

  await page.keyboard.press('r');
  await expect(dialog(page)).toContainText('Request access to web-2');
  await expect(dialog(page).getByLabel('Justification')).toBeFocused();
  // The dialog keeps the keyboard: round and round, never into the window behind.
  for (let steps = 0; steps < 20; steps += 1) {
    await page.keyboard.press('Tab');
    await expect(dialog(page).locator(':focus')).toHaveCount(1);
  }
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(grid(page)).toBeFocused();

  await page.keyboard.press('Shift+ArrowUp');
  await expect(details(page)).toContainText('2 VMs selected');
  await page.keyboard.press('l');
  await expect(dialog(page)).toContainText('Edit the policy of 2 VMs');
  await page.keyboard.press('Escape');
  await expect(grid(page)).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await expect(details(page).getByText('Your address')).toBeVisible();
  await page.keyboard.press('/');
  await expect(search(page)).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(search(page)).toHaveValue('');
});

test('Tab goes through the window in reading order, and one always sees where one is', async ({ open }) => {
  const page = await open(latchkey);
  await expect(row(page, 'web-1')).toBeVisible();
  const wanted = [
    'VMs',
    'Grants',
    'Activity',
    'Accounts',
    'Settings',
    'You are seen from',
    'Search',
    'Refresh',
  ];
  wanted.push(
    'Configured',
    'Azure',
    'AWS',
    'Running',
    'Exposed',
    'Keys',
    'VMs',
    'Connect with SSH',
    'Request…',
  );
  for (const name of wanted) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
      const around = [element, element?.closest('label'), element?.querySelector('[data-active]')];
      const ring = around.some(one => one && getComputedStyle(one).outlineStyle !== 'none');
      return { label, ring: ring || around.some(one => one && getComputedStyle(one).boxShadow !== 'none') };
    });
    expect(focus.label).toContain(name);
    expect(focus.ring, `one sees that ${name} has the keyboard`).toBe(true);
  }
});

test('names made to hurt are shown as text, and what they hide is named', async ({ open }) => {
  const page = await open(latchkey);
  const turning = row(page, 'invoice-U+202Efdp.exe');
  await expect(turning).toBeVisible();
  await turning.click();
  const heading = details(page).getByRole('heading', { level: 2 });
  await expect(heading).toContainText('invoice-U+202Efdp.exe');
  await expect(heading.locator('bdi')).toHaveCount(1);
  expect(await page.getByRole('main').innerText()).not.toContain('\u202e');

  await row(page, '-oProxyCommand=touch pwned').click();
  await expect(details(page).getByRole('heading', { name: '-oProxyCommand=touch pwned' })).toBeVisible();
  await tab(page, 'Not configured').click();
  await row(page, '<img src=x onerror=alert(1)>').first().dblclick();
  await expect(dialog(page)).toContainText('Lock <img src=x onerror=alert(1)>');
  await expect(dialog(page)).toContainText('create');
  await page.keyboard.press('Escape');
  await search(page).fill('long-');
  await row(page, /^long-/).click();
  const box = await details(page).boundingBox();
  expect(box === null ? 0 : box.x + box.width).toBeLessThanOrEqual(1280);
  await expect(page.locator('img')).toHaveCount(0);
});

test.describe('in little room', () => {
  const tight = {
    '720 px wide': { viewport: { width: 720, height: 600 } },
    'at 200% zoom of 1280 × 800': { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
  };
  for (const [room, how] of Object.entries(tight)) {
    test(`${room} everything is still reached`, async ({ open }) => {
      const page = await open(latchkey, how);
      const fits = () =>
        page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
      await expect(row(page, 'web-1')).toBeVisible();
      expect(await fits()).toBe(true);
      await row(page, 'web-1').click();
      await expect(details(page).getByRole('button', { name: 'Connect with SSH' })).toBeInViewport();
      expect(await fits()).toBe(true);
      await details(page).getByRole('button', { name: 'Request…' }).click();
      await expect(dialog(page).getByRole('button', { name: 'Open' })).toBeInViewport({ ratio: 1 });
      await dialog(page).getByText('web-1-nsg: let').scrollIntoViewIfNeeded();
      await expect(dialog(page).getByText('web-1-nsg: let')).toBeInViewport();
      await page.keyboard.press('Escape');
      const close = details(page).getByRole('button', { name: 'Close the details' });
      if (await close.isVisible()) await close.click();
      await row(page, 'web-2').scrollIntoViewIfNeeded();
      await expect(row(page, 'web-2')).toBeInViewport();
      for (const screen of ['Grants', 'Activity', 'Accounts', 'Settings', 'VMs']) {
        await page.getByRole('link', { name: screen }).click();
        await expect(page.getByRole('heading', { name: screen, level: 1 })).toBeInViewport();
        expect(await fits(), screen).toBe(true);
      }
    });
  }
});

test('who wants no motion gets none', async ({ open }) => {
  for (const [reducedMotion, moves] of [
    ['no-preference', true],
    ['reduce', false],
  ] as const) {
    const page = await open(latchkey, { reducedMotion });
    await row(page, 'web-1').click();
    await page.keyboard.press('r');
    await expect(dialog(page)).toBeVisible();
    const longest = await page.evaluate(() =>
      Math.max(
        ...[...document.querySelectorAll('*')].flatMap(element =>
          getComputedStyle(element)
            .transitionDuration.split(',')
            .concat(getComputedStyle(element).animationDuration.split(','))
            .map(Number.parseFloat),
        ),
      ),
    );
    expect(longest > 0).toBe(moves);
    expect(longest).toBeLessThanOrEqual(0.15);
  }
});
