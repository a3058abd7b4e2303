/** Signing in to AWS from the window: by a profile of Identity Center, by a role that wants a code, by the portal; and regions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mfaCodeAt } from '../../main/practice/ec2/mfa.ts';
import { type AwsForSignIn, startAwsForSignIn } from '../fakes/awsSignIn.ts';
import { accessibilityFaults } from '../fakes/axe.ts';
import { dialog, row, toast } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-e2e-'));
const latchkey = latchkeyOfThisFile({
  practice: false,
  env: { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') },
});
let aws: AwsForSignIn;

test.beforeAll(async () => {
  aws = await startAwsForSignIn(folder, true);
});
test.afterAll(async () => {
  await aws.core.close();
  rmSync(folder, { recursive: true, force: true });
});

test('two profiles, allowed once in the browser: their machines are in the list, and regions can be chosen', async ({
  open,
}) => {
  const page = await open(latchkey);
  await page.getByRole('button', { name: 'Sign in to AWS' }).click();
  await expect(dialog(page).getByRole('button', { name: 'Sign in' })).toBeDisabled();
  for (const profile of [/^payments/, /^shop/])
    await dialog(page).getByRole('checkbox', { name: profile }).check();
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog(page)).toContainText('check that it shows this code');
  expect(await accessibilityFaults(page)).toEqual([]);
  const [address = ''] = await dialog(page).locator('code').allInnerTexts();
  await aws.allow(address);
  await expect(toast(page, 'Signed in to 2 accounts')).toBeVisible();
  await expect(row(page, 'pay-db')).toBeVisible();

  await page.getByRole('link', { name: 'Accounts' }).click();
  const card = page.getByRole('main').getByRole('listitem').filter({ hasText: 'payments' });
  await expect(card).toContainText(aws.world.account);
  await expect(card).toContainText('ada@contoso.example');
  await card.getByRole('button', { name: 'Choose regions' }).click();
  await dialog(page)
    .getByRole('checkbox', { name: /^us-east-1/ })
    .uncheck();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText('1 chosen');
});

test('a role that wants a code: a wrong one is asked for again', async ({ open }) => {
  const page = await open(latchkey);
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'AWS account' }).click();
  await expect(dialog(page).getByRole('checkbox', { name: /^payments signed in/ })).toBeVisible();
  await dialog(page)
    .getByRole('checkbox', { name: /^guarded/ })
    .check();
  await dialog(page).getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog(page)).toContainText(aws.serial);
  await expect(dialog(page).getByLabel('Code')).toBeFocused();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.keyboard.type('000000x');
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText('did not take that code');
  const device = aws.world.mfa.get(aws.serial);
  if (!device) throw new Error('no device');
  await dialog(page).getByLabel('Code').fill(mfaCodeAt(device, aws.core.now()));
  await page.keyboard.press('Enter');
  await expect(toast(page, 'Signed in to guarded')).toBeVisible();
});

test('the portal without a profile: the session that is there is used, and roles are chosen', async ({
  open,
}) => {
  const page = await open(latchkey);
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'AWS account' }).click();
  await dialog(page).getByRole('button', { name: 'IAM Identity Center' }).click();
  await dialog(page).getByLabel('Start URL').fill(`${aws.url}/start`);
  await dialog(page).getByLabel('Its region').fill('eu-north-1');
  await dialog(page).getByLabel('Server').fill(aws.url);
  await dialog(page).getByLabel('Certificate authorities').fill(aws.caFile);
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Sign in' }).click();
  for (const role of [/^LatchkeyViewer payments/, /^LatchkeyViewer shop/])
    await dialog(page).getByRole('checkbox', { name: role }).check();
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Go on' }).click();
  await expect(toast(page, 'Signed in to 2 accounts')).toBeVisible();
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(5);
});
