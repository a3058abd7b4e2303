/** The window in a real Chromium, over the fake broker: screens are accessible, and hands find what they look for. */
import { type Browser, chromium, type Page } from '@playwright/test';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from '../../build/chromium.ts';
import { accessibilityFaults } from '../fakes/axe.ts';
import { serveFake } from './serveFake.ts';

let served: Awaited<ReturnType<typeof serveFake>>;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [served, browser] = await Promise.all([serveFake(), chromium.launch(await findChromium())]);
}, 60_000);

afterAll(async () => {
  await browser.close();
  await served.close();
});

async function open(query = '?pace=0', colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme,
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  page.setDefaultTimeout(8_000);
  page.on('pageerror', error => complaints.push(error.message));
  // Whatever breaks the content security policy is an error on the console.
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${served.url}${query}`);
}

beforeEach(() => {
  complaints.length = 0;
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  // A browser context keeps nothing for the next test.
  await page.context().close();
});

const row = (name: string) => page.getByRole('row', { name, exact: false }).first();
// A toast is a dialog too; only ours hold a form.
const dialog = () => page.locator('[role=dialog]:has(form)');

it('a check tells what stands in the way with its remedy, what is right on demand, and of this VM alone', async () => {
  await open();
  await row('web-1').click();
  await page.getByText('How you get to port 22').waitFor();
  await page.getByRole('button', { name: 'Check this VM' }).click();
  await page.getByText('1 problem, 1 warning.').waitFor();
  const states = await page
    .locator('li[data-state]')
    .filter({ visible: true })
    .evaluateAll(items => items.map(item => item.textContent));
  expect(states[0]).toMatch(/^Problem · Resource locks.*can’t be shut\..*Have the lock/s);
  expect(states[1]).toMatch(/^Warning · Your rights/);
  expect(states).toHaveLength(2);
  await page.getByText('4 things are as they should be').click();
  await page.getByText('You are signed in as a.berg@contoso.example.').waitFor();
  await row('web-2').click();
  await page.getByRole('button', { name: 'Check this VM' }).waitFor();
  expect(await page.getByText('1 problem, 1 warning.').count()).toBe(0);
});

it('of several AWS profiles one that fails is told by its name, and the others are signed in to', async () => {
  await open();
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'AWS account' }).click();
  await dialog()
    .getByRole('checkbox', { name: /^All of them/ })
    .check();
  expect(await dialog().getByRole('checkbox', { checked: true }).count()).toBe(5);
  await dialog().getByRole('button', { name: 'Sign in' }).click();
  await dialog().getByText('<img src=x>: The program of the profile').waitFor();
  await page.getByText('Signed in to 3 accounts').waitFor();
  expect(
    await dialog()
      .getByRole('checkbox', { name: /signed in/ })
      .count(),
  ).toBe(3);
  await page.keyboard.press('Escape');
  await page.getByText('Until then nothing of it is shut from here').waitFor();
});

describe.each(['light', 'dark'] as const)('in the %s theme', theme => {
  /** The second theme can only break what is about colours. */
  const accessible = async (what: string): Promise<void> =>
    expect(await accessibilityFaults(page, theme === 'dark' ? 'colours' : undefined), what).toEqual([]);

  it('every screen, pane and dialog is accessible', { timeout: 60_000 }, async () => {
    await open('?pace=0', theme);
    await row('web-1').click();
    await page.getByText('How you get to port 22').waitFor();
    await accessible('VMs');
    await page.getByRole('button', { name: 'Check this VM' }).click();
    await page.getByText('1 problem, 1 warning.').waitFor();
    await accessible('a checked VM');
    await row('web-1').click();
    await page.keyboard.press('r');
    await dialog().getByText('NSG nsg-web').waitFor();
    await accessible('request');
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'Not configured' }).click();
    await row('legacy-ftp').click();
    await accessible('not configured');
    await page.keyboard.press('l');
    await dialog().getByText('not Latchkey’s').first().waitFor();
    await accessible('lock');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'You are seen from' }).click();
    await page.getByText('three.example').waitFor();
    await accessible('seen from');
    await page.keyboard.press('Escape');
    for (const screen of ['Grants', 'Activity', 'Accounts', 'Settings']) {
      await page.getByRole('link', { name: screen }).click();
      await page.getByRole('heading', { name: screen, level: 1 }).waitFor();
      await accessible(screen);
    }
    await page.getByRole('link', { name: 'Accounts' }).click();
    await page.getByRole('button', { name: 'AWS account' }).click();
    await dialog()
      .getByRole('checkbox', { name: /^guarded/ })
      .check();
    await accessible('AWS profiles');
    await page.keyboard.press('Escape');
    await page.evaluate(() => window.dispatchEvent(new Event('fake:down')));
    await page.getByText('Connection lost').waitFor();
    await accessible('connection lost');
  });

  it('the first run is accessible and starts the practice cloud with Enter', async () => {
    await open('?empty&pace=0', theme);
    await page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' }).waitFor();
    await accessible('first run');
    await page.keyboard.press('Enter');
    await row('web-1').waitFor();
  });
});

describe('the list', () => {
  it('is moved in, searched, selected and acted on by keyboard', async () => {
    await open();
    await row('web-1').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('api-test');
    await page.getByText('2 VMs', { exact: true }).waitFor();
    await page.keyboard.press('Enter');
    const grid = page.getByRole('grid');
    expect(await grid.evaluate(element => element === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Shift+ArrowUp');
    expect(await page.getByRole('row', { selected: true }).count()).toBe(2);
    await page.keyboard.press('r');
    await dialog().getByText('Request access to 2 VMs').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.getByText('19 VMs', { exact: true }).waitFor();
  });

  it('tells screen readers how long it is although few rows are in the page', async () => {
    await open('?pace=0&size=20000');
    await row('build-agent-07').waitFor();
    const grid = page.getByRole('grid');
    const told = Number(await grid.getAttribute('aria-rowcount'));
    expect(told).toBeGreaterThan(10_000);
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    await grid.focus();
    await page.keyboard.press('End');
    const last = page.locator(`tr[aria-rowindex="${told}"]`);
    await last.waitFor();
    expect(await last.getAttribute('aria-selected')).toBe('true');
    expect(await grid.getAttribute('aria-activedescendant')).toBe(await last.getAttribute('id'));
  });

  it('shows hostile names as text, and what they hide', async () => {
    await open();
    await row('<img src=x onerror=alert(1)>').click();
    expect(await page.locator('img').count()).toBe(0);
    await page.getByText('U+202E').first().waitFor();
    await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor();
  });
});

describe('access', () => {
  it('double-click shows the stages until the client is started, and the door below', async () => {
    await open();
    await row('api-test-1').dblclick();
    await page.getByText('Your client was started').waitFor();
    const doors = page.getByRole('contentinfo', { name: 'Open doors' });
    await doors.getByRole('button', { name: 'Revoke the grant for api-test-1' }).click();
    await page.getByText('api-test-1 is shut').waitFor();
    await doors
      .getByRole('button', { name: 'Revoke the grant for api-test-1' })
      .waitFor({ state: 'detached' });
  });

  it('a failure says what to do and offers to try again', async () => {
    await open();
    await row('api-test-2').dblclick();
    await page.getByText('nothing answers on it').waitFor();
    await page.getByText('Is an SSH server running').waitFor();
    await page.getByRole('button', { name: 'Try again' }).first().waitFor();
  });

  it('where no client could be started the exact command is there to copy', async () => {
    await open();
    await row('web-2').dblclick();
    await page.getByText('ssh -o StrictHostKeyChecking=yes -p 22 -- ada@').waitFor();
  });

  it('a request shows its error at the field, then opens with Enter', async () => {
    await open();
    await row('api-test-1').click();
    await page.getByRole('button', { name: 'Request…' }).click();
    await dialog().getByRole('radio', { name: 'A range' }).check();
    const range = dialog().getByLabel('Addresses or CIDRs');
    await range.fill('203.0.113.x');
    await dialog().getByText('is neither an address nor a CIDR').waitFor();
    expect(await range.getAttribute('aria-invalid')).toBe('true');
    await range.fill('203.0.113.0/28');
    await dialog().getByText('let 203.0.113.0/28 in to port 22').first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('api-test-1 is open for you').waitFor();
    await dialog().waitFor({ state: 'detached' });
  });

  it('a lock names every step before it is done', async () => {
    await open();
    await page.getByRole('tab', { name: 'Not configured' }).click();
    await row('legacy-ftp').dblclick();
    await dialog().getByText('The rule would let everybody through').waitFor();
    await dialog().getByRole('button', { name: 'Lock' }).click();
    await page.getByText('Locked', { exact: true }).first().waitFor();
    await page.getByRole('tab', { name: 'Configured', exact: false }).first().click();
    await row('legacy-ftp').waitFor();
  });

  it('revoking all names what ends, first', async () => {
    await open();
    await page.getByRole('button', { name: 'Revoke all' }).click();
    await dialog().getByText('sql-prod-2').waitFor();
    await dialog().getByRole('button', { name: 'Revoke 3' }).click();
    await page.getByText('1 grant could not be ended yet').waitFor();
  });
});

describe('the activity', () => {
  it('is filtered, paged as one scrolls, and saved as CSV', async () => {
    await open();
    await page.getByRole('link', { name: 'Activity' }).click();
    const table = page.getByRole('table', { name: 'Activity' });
    await table.getByRole('row').nth(5).waitFor();
    const scroller = table.locator('..');
    await scroller.focus();
    for (let pages = 0; pages < 4; pages += 1) {
      await scroller.evaluate(element => element.scrollTo(0, element.scrollHeight));
      await page.waitForTimeout(60);
    }
    await page.getByLabel('VM', { exact: true }).fill('sql-prod-1');
    await table.getByText('web-1', { exact: true }).first().waitFor({ state: 'detached' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^latchkey-activity-\d{4}-\d\d-\d\d\.csv$/);
  });
});

describe('settings', () => {
  it('put the theme and the density on the window', async () => {
    await open();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Dark' }).click();
    await page.getByRole('button', { name: 'Compact' }).click();
    await page.waitForFunction(() => document.documentElement.dataset['density'] === 'compact');
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      'rgb(19, 22, 27)',
    );
  });
});
