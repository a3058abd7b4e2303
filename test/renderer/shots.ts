/** Pictures of every screen of the window, over the fake broker: `npx node test/renderer/shots.ts FOLDER` (Node 24). For looking, not a test. */
import { mkdir } from 'node:fs/promises';
import { chromium, type Page } from '@playwright/test';
import { findChromium } from '../../build/chromium.ts';
import { serveFake } from './serveFake.ts';

const folder = process.argv[2] ?? 'out/shots';
const only = process.argv[3];

type Step = (page: Page) => Promise<unknown>;
const go =
  (screen: string): Step =>
  page =>
    page.evaluate(to => {
      window.location.hash = `/${to}`;
    }, screen);
const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name }).first();

const awsProfile = (name: string): Step[] => [
  go('accounts'),
  page => page.getByRole('button', { name: 'AWS account' }).click(),
  page => page.getByRole('checkbox', { name }).check(),
  page => page.getByRole('button', { name: 'Sign in', exact: true }).click(),
];

const shots: Record<string, { query?: string; steps: Step[] }> = {
  vms: { steps: [page => row(page, 'web-1').click()] },
  'vms-locked': { steps: [page => row(page, 'api-test-1').click()] },
  'vms-hostile': {
    steps: [page => page.getByRole('textbox').fill('data'), page => row(page, 'exe.fdp').click()],
  },
  'vms-several': {
    steps: [
      page => row(page, 'web-2').click(),
      page => row(page, 'sql-prod-1').click({ modifiers: ['Shift'] }),
    ],
  },
  check: {
    query: '?pace=0.05',
    steps: [
      page => row(page, 'web-1').click(),
      page => page.getByRole('button', { name: 'Check this VM' }).click(),
      page => page.getByText('1 problem, 1 warning.').scrollIntoViewIfNeeded(),
      page => page.waitForTimeout(300),
    ],
  },
  'not-configured': {
    steps: [
      page => page.getByRole('tab', { name: 'Not configured' }).click(),
      page => row(page, 'legacy-ftp').click(),
    ],
  },
  unsupported: {
    steps: [
      page => page.getByRole('tab', { name: 'Unsupported' }).click(),
      page => row(page, 'bare-vm').click(),
    ],
  },
  connecting: { steps: [page => row(page, 'api-test-1').dblclick(), page => page.waitForTimeout(1_800)] },
  connected: {
    query: '?pace=0.05',
    steps: [page => row(page, 'web-2').dblclick(), page => page.waitForTimeout(900)],
  },
  'not-connected': {
    query: '?pace=0.05',
    steps: [page => row(page, 'api-test-2').dblclick(), page => page.waitForTimeout(900)],
  },
  request: {
    steps: [
      page => row(page, 'api-test-1').click(),
      page => page.keyboard.press('r'),
      page => page.waitForTimeout(700),
    ],
  },
  'request-error': {
    steps: [
      page => row(page, 'api-test-1').click(),
      page => page.keyboard.press('r'),
      page => page.getByRole('radio', { name: 'A range' }).click(),
      page => page.getByLabel('Addresses or CIDRs').fill('203.0.113.x'),
      page => page.waitForTimeout(700),
    ],
  },
  'request-many': {
    steps: [
      page => row(page, 'api-test-1').click(),
      page => row(page, 'win-golden').click({ modifiers: ['Shift'] }),
      page => page.keyboard.press('r'),
      page => page.waitForTimeout(600),
      page => page.keyboard.press('Enter'),
      page => page.waitForTimeout(300),
    ],
  },
  lock: {
    steps: [
      page => page.getByRole('tab', { name: 'Not configured' }).click(),
      page => row(page, 'data-shared-a').click(),
      page => page.keyboard.press('l'),
      page => page.waitForTimeout(900),
    ],
  },
  'revoke-all': { steps: [page => page.getByRole('button', { name: 'Revoke all' }).click()] },
  grants: { steps: [go('grants')] },
  activity: { steps: [go('activity'), page => page.waitForTimeout(300)] },
  accounts: { steps: [go('accounts')] },
  'add-account': {
    steps: [go('accounts'), page => page.getByRole('button', { name: 'Azure account' }).click()],
  },
  'sign-in-code': {
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'Azure account' }).click(),
      page => page.getByRole('radio', { name: /^Code/ }).check(),
      page => page.getByRole('button', { name: 'Sign in' }).click(),
    ],
  },
  'add-aws': {
    steps: [go('accounts'), page => page.getByRole('button', { name: 'AWS account' }).click()],
  },
  'add-aws-portal': {
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'AWS account' }).click(),
      page => page.getByRole('button', { name: 'IAM Identity Center' }).click(),
    ],
  },
  'aws-code': { query: '?pace=5', steps: awsProfile('payments') },
  'aws-mfa': { query: '?pace=5', steps: awsProfile('guarded') },
  'aws-roles': {
    query: '?pace=5',
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'AWS account' }).click(),
      page => page.getByRole('button', { name: 'IAM Identity Center' }).click(),
      page => page.getByLabel('Start URL').fill('https://contoso.awsapps.com/start'),
      page => page.getByLabel('Its region').fill('eu-west-1'),
      page => page.getByRole('button', { name: 'Sign in' }).click(),
      page => page.getByRole('checkbox', { name: /shop/ }).check(),
    ],
  },
  'aws-accounts': { query: '?pace=0', steps: awsProfile('All of them') },
  'aws-regions': {
    query: '?pace=0',
    steps: [...awsProfile('audit'), page => page.getByRole('button', { name: 'Choose regions' }).click()],
  },
  'sign-in-browser': {
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'Azure account' }).click(),
      page => page.getByRole('button', { name: 'Sign in' }).click(),
    ],
  },
  'signed-in': {
    query: '?pace=0',
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'Azure account' }).click(),
      page => page.getByRole('button', { name: 'Sign in' }).click(),
    ],
  },
  scopes: {
    query: '?pace=0',
    steps: [
      go('accounts'),
      page => page.getByRole('button', { name: 'Azure account' }).click(),
      page => page.getByRole('button', { name: 'Sign in' }).click(),
      page => page.getByRole('button', { name: 'Choose subscriptions' }).click(),
      page => page.getByText('Staging').first().click(),
    ],
  },
  settings: { steps: [go('settings')] },
  'settings-cloud': {
    steps: [
      go('settings'),
      page => page.getByRole('button', { name: 'Add a cloud' }).click(),
      page => page.getByLabel('Certificate authorities').scrollIntoViewIfNeeded(),
    ],
  },
  'seen-from': { steps: [page => page.getByRole('button', { name: 'You are seen from' }).click()] },
  first: { query: '?empty', steps: [] },
  lost: {
    steps: [
      page => page.evaluate(() => window.dispatchEvent(new Event('fake:down'))),
      page => page.waitForTimeout(1_200),
    ],
  },
};

await mkdir(folder, { recursive: true });
const served = await serveFake();
const browser = await chromium.launch(await findChromium());
for (const [name, { query = '', steps }] of Object.entries(shots)) {
  if (only !== undefined && !only.split(',').includes(name)) continue;
  for (const theme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1280, 800],
      [800, 600],
    ] as const) {
      if (width === 800 && theme === 'dark') continue;
      const page = await browser.newPage({
        viewport: { width, height },
        colorScheme: theme,
        reducedMotion: 'reduce',
      });
      page.on('pageerror', error => console.error(name, error.message));
      page.on('console', message => message.type() === 'error' && console.error(name, message.text()));
      await page.goto(`${served.url}${query}`);
      await page.waitForTimeout(500);
      try {
        for (const step of steps) await step(page);
      } catch (error) {
        console.error(name, theme, width, String(error).split('\n').slice(0, 3).join(' '));
      }
      await page.waitForTimeout(350);
      await page.screenshot({ path: `${folder}/${name}-${theme}-${width}.png` });
      await page.close();
    }
  }
}
await browser.close();
await served.close();
