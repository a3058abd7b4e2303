import { details, row } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

test('a VM that Defender keeps says so, who ends its grant, and which way its subscription goes', async ({
  open,
}) => {
  await latchkey.client.grants.request({ vms: ['crm-1'], forMs: 900_000, reason: 'INC-4411' });
  const page = await open(latchkey);
  await row(page, 'crm-1').click();
  await expect(details(page)).toContainText('By the policy “default” of Defender for Cloud');
  await expect(details(page)).toContainText('by the cloud itself');
  // Configured does not prove shut: a rule of before lets everybody to this one.
  await expect(row(page, 'crm-db')).toContainText('exposed');
  if (process.env['LATCHKEY_LOOK'])
    await page.screenshot({ path: `${process.env['LATCHKEY_LOOK']}/details.png` });

  await page.getByRole('link', { name: 'Settings' }).click();
  const way = page.getByRole('group', { name: /Defender.*: Contoso Production/ });
  await expect(way.getByRole('button', { name: 'Where its policy names the VM' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await way.getByRole('button', { name: 'Without it' }).click();
  await expect
    .poll(async () => Object.values((await latchkey.client.settings.get({})).jit))
    .toEqual(['direct']);
  if (process.env['LATCHKEY_LOOK'])
    await page.screenshot({ path: `${process.env['LATCHKEY_LOOK']}/settings.png` });
  await page.getByRole('link', { name: 'VMs' }).click();
  await row(page, 'crm-1').click();
  await expect(details(page)).toContainText('set to go without it');
  await latchkey.client.settings.set({ jit: { 'Contoso Production': 'auto' } });
});
