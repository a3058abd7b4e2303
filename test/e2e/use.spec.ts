/** Who used a VM, and what others did behind Latchkey's back: the columns of the list, the marks of what changed, the activity. */
import type { Page } from '@playwright/test';
import { details, row } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

/** The cell of a VM's row under that heading. */
async function cell(page: Page, vm: string, heading: string) {
  const headings = await page.getByRole('columnheader').allInnerTexts();
  const at = headings.findIndex(text => text.trim() === heading);
  // The name is the row's heading; the others are its cells.
  return row(page, vm)
    .getByRole('gridcell')
    .nth(at - 1);
}

test('the list says what was approved, when and by whom it was used, and where that is known from', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(await cell(page, 'web-2', 'Approved')).toHaveText('0 requests');
  await expect(await cell(page, 'web-2', 'Last access')).toHaveText('N/A');
  await expect(await cell(page, 'web-2', 'Last user')).toHaveText('N/A');
  const connection = await cell(page, 'web-2', 'Connection details');
  await expect(connection).toContainText('Ports: 22');
  await expect(connection.locator('[title]')).toHaveAttribute('title', /Network security group, ports/);

  const { user } = await latchkey.client.app.info({});
  await latchkey.client.grants.request({ vms: ['web-2'], sources: ['127.0.0.1'] });
  await expect(await cell(page, 'web-2', 'Approved')).toHaveText('1 request');
  await expect(await cell(page, 'web-2', 'Last access')).toHaveText('Active now');
  const last = await cell(page, 'web-2', 'Last user');
  await expect(last).toHaveText(user);
  await expect(last.locator('[title]')).toHaveAttribute('title', 'Known from this Latchkey’s own ledger');
  await latchkey.client.grants.revoke({ all: true });
  await expect(await cell(page, 'web-2', 'Last access')).not.toHaveText('Active now');
  await expect(await cell(page, 'web-2', 'Last access')).not.toHaveText('N/A');
});

test('a policy that somebody edited is marked in the list and told in the details', async ({ open }) => {
  const page = await open(latchkey);
  const { id } = await latchkey.vm('web-1');
  await expect(row(page, 'web-1').getByText('changed by somebody else')).toHaveCount(0);
  await latchkey.arm('PATCH', `${id}/providers/Microsoft.Resources/tags/default`, {
    operation: 'Merge',
    properties: { tags: { 'latchkey-policy': '22/tcp=24h@any' } },
  });
  // Looking at one VM looks freshly.
  await row(page, 'web-1').click();
  await expect(details(page)).toContainText('Somebody else edited the policy of web-1');
  await expect(row(page, /^web-1 changed by somebody else$/)).toHaveCount(1);
});

test('a grant’s rule that was widened is told at the grant and left as it is', async ({ open }) => {
  const page = await open(latchkey);
  await page.getByRole('link', { name: /^Grants/ }).click();
  const { grants } = await latchkey.client.grants.request({ vms: ['sql-prod-1'], sources: ['127.0.0.1'] });
  const [rule] = grants[0]?.rules ?? [];
  await latchkey.arm('PUT', `${rule?.gate}/securityRules/${rule?.names[0]}`, {
    properties: {
      description: `Latchkey grant ${grants[0]?.id} until ${grants[0]?.endsAt.replace('.000Z', 'Z')} for ${grants[0]?.owner} on sql-prod-1`,
      protocol: 'Tcp',
      access: 'Allow',
      direction: 'Inbound',
      priority: 188,
      sourcePortRange: '*',
      sourceAddressPrefix: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '3389',
    },
  });
  await latchkey.client.grants.sweep({});
  await expect(
    page.getByText(/Somebody else changed rule latchkey-.*its sources were widened/),
  ).toBeVisible();
});

test('the activity says what the cloud has seen, what it has not yet, and what only it knows', async ({
  open,
}) => {
  await latchkey.lag(3_600_000);
  const { grants } = await latchkey.client.grants.request({ vms: ['web-2'], sources: ['127.0.0.1'] });
  const page = await open(latchkey);
  await page.getByRole('link', { name: 'Activity' }).click();
  const rows = page.getByRole('table', { name: 'Activity' }).getByRole('row');
  const own = rows.filter({ hasText: `Rule latchkey-${grants[0]?.id}-0 stands in` });
  await expect(own).toContainText('not yet seen');
  await latchkey.lag(0);
  const gate = grants[0]?.rules[0]?.gate;
  await latchkey.arm('PUT', `${gate}/securityRules/by-hand`, {
    properties: {
      protocol: 'Tcp',
      access: 'Deny',
      direction: 'Inbound',
      priority: 900,
      sourcePortRange: '*',
      sourceAddressPrefix: '198.51.100.9',
      destinationAddressPrefix: '*',
      destinationPortRange: '22',
    },
  });
  await page.getByRole('button', { name: 'Read the clouds’ logs' }).click();
  await expect(own).not.toContainText('not yet seen');
  await expect(own).toContainText('seen');
  const theirs = rows.filter({ hasText: 'Rule by-hand was written in' });
  await expect(theirs).toContainText('only there');
  await expect(theirs).toContainText('admin@contoso.example');
});
