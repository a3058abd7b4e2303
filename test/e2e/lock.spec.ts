/** Locking and unlocking: the plan names every change before it is made, and the port does what the window says. */
import type { Page } from '@playwright/test';
import { details, dialog, door, knock, row, tab, toast } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

const step = (page: Page, text: string) => dialog(page).getByRole('listitem').filter({ hasText: text });

test('a VM that shares its group: locked by its plan, opened by a grant, unlocked to what it was', async ({
  open,
}) => {
  const page = await open(latchkey);
  const vm = await latchkey.vm('pay-api-1');
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);
  await tab(page, 'Not configured').click();
  await expect(row(page, 'pay-api-1')).toContainText('exposed');
  await row(page, 'pay-api-1').dblclick();

  await expect(dialog(page)).toContainText('Lock pay-api-1');
  // All that will change, each by name; whose rule it is; who else is touched.
  await expect(dialog(page)).toContainText(
    /3 other VMs are touched as well: pay-api-2, pay-batch, pay-report/,
  );
  await expect(step(page, 'Create the security group')).toHaveCount(1);
  await expect(step(page, 'Attach')).toContainText('eni-');
  await expect(step(page, 'policy to the instance')).toContainText('pay-api-1');
  const foreign = step(page, 'not Latchkey’s');
  await expect(foreign).toHaveCount(1);
  await expect(foreign).toContainText('pay-shared');
  await expect(foreign).toContainText('Revoke TCP 22 from 0.0.0.0/0');
  await expect(foreign).toContainText('ssh for everybody - TODO close');
  await expect(dialog(page)).toContainText('Unlock puts them back.');
  // The plan is of these ports: without 3389 it is planned anew, and says so in the policy it writes.
  await dialog(page).getByRole('button', { name: 'Remove port 3389' }).click();
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
  await dialog(page).getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(toast(page, 'Locked')).toBeVisible();
  await expect(row(page, 'pay-api-1')).toHaveCount(0);
  expect(await knock(vm)).toBeUndefined();

  await tab(page, 'Configured').first().click();
  await expect(row(page, 'pay-api-1')).toContainText('shut');
  await row(page, 'pay-api-1').click();
  await expect(details(page).getByRole('table').getByRole('row')).toHaveCount(4);
  await page.keyboard.press('r');
  await expect(dialog(page)).toContainText('let 127.0.0.1/32 in to port 22');
  await page.keyboard.press('Enter');
  await expect(door(page, 'pay-api-1')).toBeVisible();
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);
  await door(page, 'pay-api-1').getByRole('button', { name: 'Revoke the grant for pay-api-1' }).click();
  await expect(door(page, 'pay-api-1')).toHaveCount(0);
  expect(await knock(vm)).toBeUndefined();

  await details(page).getByRole('button', { name: 'Unlock…' }).click();
  await expect(step(page, 'not Latchkey’s')).toContainText('Put back TCP 22 from 0.0.0.0/0');
  await expect(dialog(page)).toContainText('as they were before the lock');
  await dialog(page).getByRole('button', { name: 'Unlock', exact: true }).click();
  await expect(toast(page, 'Unlocked')).toBeVisible();
  await tab(page, 'Not configured').click();
  await expect(row(page, 'pay-api-1')).toContainText('exposed');
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);
});

test('a foreign rule above the lock is named, moved down, and moved back', async ({ open }) => {
  const page = await open(latchkey);
  const vm = await latchkey.vm('backup-1');
  await tab(page, 'Not configured').click();
  await row(page, 'backup-1').click();
  await page.keyboard.press('l');
  const foreign = step(page, 'not Latchkey’s');
  await expect(foreign).toContainText('AllowBackupVendor');
  await expect(foreign).toContainText(/priority 150 → priority \d{3}/);
  await expect(step(page, 'latchkey-lock-')).toContainText('Deny');
  await page.keyboard.press('Escape');
  await expect(row(page, 'backup-1')).toContainText('exposed');
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);

  await page.keyboard.press('l');
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
  await page.keyboard.press('Enter');
  await expect(toast(page, 'Locked')).toBeVisible();
  expect(await knock(vm)).toBeUndefined();
  await tab(page, 'Configured').first().click();
  await row(page, 'backup-1').click();
  await details(page).getByRole('button', { name: 'Unlock…' }).click();
  await expect(step(page, 'AllowBackupVendor')).toContainText('priority 150');
  await dialog(page).getByRole('button', { name: 'Unlock', exact: true }).click();
  await expect(toast(page, 'Unlocked')).toBeVisible();
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);
});

test('a plan that is no longer true is not carried out', async ({ open }) => {
  const page = await open(latchkey);
  await tab(page, 'Not configured').click();
  await row(page, 'jump-eu').dblclick();
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
  // Meanwhile a colleague locks it, with other ports.
  const ports = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];
  const { plans } = await latchkey.client.policies.planLock({ vms: ['jump-eu'], ports });
  const fingerprints = plans.map(({ fingerprint }) => fingerprint);
  await latchkey.client.policies.lock({ vms: ['jump-eu'], ports, fingerprints });
  await dialog(page).getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  expect((await latchkey.client.policies.get({ vm: 'jump-eu' })).policy?.ports).toHaveLength(1);
  await dialog(page).getByRole('button', { name: 'Show the new plan' }).click();
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
  await page.keyboard.press('Escape');
});

test('a policy is edited: its longest time then bounds what can be asked', async ({ open }) => {
  const page = await open(latchkey);
  await row(page, 'web-2').click();
  await details(page).getByRole('button', { name: 'Edit policy…' }).click();
  const hours = dialog(page).getByLabel('Longest, port 22');
  await hours.fill('30');
  await expect(dialog(page)).toContainText('between a minute and 24 hours');
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeDisabled();
  await hours.fill('0.5');
  await dialog(page).getByLabel('Sources, port 22').fill('127.0.0.0/8');
  await expect(dialog(page).getByRole('button', { name: 'Lock', exact: true })).toBeEnabled();
  await dialog(page).getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(toast(page, 'Locked')).toBeVisible();
  await expect(details(page)).toContainText('30 min');
  await row(page, 'web-2').click();
  await page.keyboard.press('r');
  await expect(dialog(page).getByRole('button', { name: 'max 30 min' })).toBeVisible();
  await expect(dialog(page).getByRole('slider')).toHaveAttribute('max', '30');
  await dialog(page).getByRole('radio', { name: 'A range' }).check();
  await dialog(page).getByLabel('Addresses or CIDRs').fill('203.0.113.0/28');
  await expect(dialog(page).getByRole('alert')).toContainText('127.0.0.0/8');
});
