/** Signing in to an Azure from the window: by browser, by code, cancelled; choosing subscriptions; and away again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { type Practice, startPractice } from '../../main/practice/practice.ts';
import { accessibilityFaults } from '../fakes/axe.ts';
import { clientId, type OpenId, startOpenId } from '../fakes/openId.ts';
import { Person } from '../fakes/person.ts';
import { dialog, row, toast } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: false });
const folder = mkdtempSync(join(tmpdir(), 'latchkey-e2e-'));
const ends: (() => Promise<void>)[] = [];
let openId: OpenId;
let practice: Practice;
let caFile: string;

test.beforeAll(async () => {
  openId = await startOpenId(end => ends.push(end));
  practice = await startPractice({ dataDirectory: folder, latencyMs: 0, trust: openId.trust });
  caFile = join(folder, 'authorities.pem');
  writeFileSync(caFile, openId.ca + readFileSync(practice.info.caFile, 'utf8'));
});
test.afterAll(async () => {
  await Promise.all([practice.stop(), ...ends.map(end => end())]);
  rmSync(folder, { recursive: true, force: true });
});

/** Fills in the dialog and begins; gives what stands in its boxes then: an address, and a code. */
async function begin(page: Page, way: RegExp): Promise<string[]> {
  await dialog(page).getByRole('radio', { name: way }).check();
  await dialog(page).getByRole('button', { name: 'Contoso-Stack' }).click();
  await dialog(page).getByLabel('Application').fill(clientId);
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog(page)).toContainText('Waiting for you to sign in');
  expect(await accessibilityFaults(page)).toEqual([]);
  return dialog(page).locator('code').allInnerTexts();
}

test('a cloud of one’s own is added in the settings', async ({ open }) => {
  const page = await open(latchkey);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Add a cloud' }).click();
  await page.getByLabel('Name', { exact: true }).fill('AzureCloud');
  await page.getByLabel('Resource Manager').fill(practice.info.azure.armEndpoint);
  await page.getByLabel('Authority', { exact: true }).fill(openId.origin);
  await page.getByLabel('Certificate authorities').fill(caFile);
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByText('give yours another name')).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('Contoso-Stack');
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByText('Contoso-Stack')).toBeVisible();
  expect((await latchkey.client.settings.get({})).azureClouds).toEqual([
    { name: 'Contoso-Stack', armEndpoint: practice.info.azure.armEndpoint, authority: openId.origin, caFile },
  ]);
});

test('from the first screen by browser, then a second user by code; and a choice of subscriptions', async ({
  open,
}) => {
  const page = await open(latchkey);
  await page.getByRole('button', { name: 'Sign in to Azure' }).click();
  const [address = ''] = await begin(page, /^Browser/);
  const last = await new Person(openId.ca).signIn(address, 'admin');
  expect(last.html).toContain('You are signed in');
  await expect(toast(page, 'Signed in to Contoso-Stack contoso.example')).toBeVisible();
  await expect(row(page, 'web-1')).toBeVisible();

  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Azure account' }).click();
  const [url = '', code = ''] = await begin(page, /^Code/);
  await new Person(openId.ca).typeCode(url, code, 'viewer');
  const cards = page.getByRole('main').getByRole('listitem');
  await expect(cards).toHaveCount(2);
  await expect(cards.filter({ hasText: 'viewer@contoso.example' })).toContainText('ready');

  const admin = cards.filter({ hasText: 'admin@contoso.example' });
  await admin.getByRole('button', { name: 'Choose subscriptions' }).click();
  await dialog(page)
    .getByRole('checkbox', { name: /^Contoso Test/ })
    .uncheck();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(admin).toContainText('1 chosen');
});

test('shutting the dialog cancels; a sign-in that is over asks for the same user, and goes on', async ({
  open,
}) => {
  const page = await open(latchkey);
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Azure account' }).click();
  const [address = ''] = await begin(page, /^Browser/);
  await page.keyboard.press('Escape');
  const back = new URL(address).searchParams.get('redirect_uri') ?? '';
  await expect
    .poll(() =>
      new Person(openId.ca).open(back).then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone');

  openId.mode.refreshOver = true;
  openId.mode.demands = { issuedAfter: Date.now() + 3_600_000, toldBy: 'refusal' };
  await latchkey.client.vms.list({ refresh: true });
  const admin = page.getByRole('main').getByRole('listitem').filter({ hasText: 'admin@contoso.example' });
  await expect(admin).toContainText('sign in again');
  openId.mode.demands = undefined;
  await admin.getByRole('button', { name: 'Sign in again' }).click();
  await dialog(page).getByRole('button', { name: 'Sign in' }).click();
  await new Person(openId.ca).signIn(await dialog(page).locator('code').innerText(), 'admin');
  await expect(admin).toContainText('ready');
  openId.mode.refreshOver = false;

  await admin.getByRole('button', { name: 'Remove' }).click();
  await expect(admin).toHaveCount(0);
});
