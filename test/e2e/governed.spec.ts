/** VMs whose way is not the NSGs' alone: a load balancer, a firewall, admin rules; and those that can't be handled, with the reason. */
import { details, row, tab } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });
const shots = process.env['LATCHKEY_SHOTS'];

test('the way names the load balancer, the firewall and the admin rule that decides; the list says why a VM is unsupported', async ({
  open,
}) => {
  const page = await open(latchkey);
  const shoot = async (name: string) => {
    if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` });
  };
  await row(page, 'api-1').click();
  await expect(details(page)).toContainText('Load balancer api-lb 203.0.113.250:50022');
  await shoot('balanced');
  await row(page, 'ledger-1').click();
  await expect(details(page)).toContainText('Firewall finance-fw');
  await expect(details(page)).toContainText('no rule lets it in');
  await shoot('firewalled');
  await details(page).getByRole('button', { name: 'Connect with SSH' }).click();
  await expect(details(page)).toContainText(/22: 127\.0\.0\.1:\d+/, { timeout: 30_000 });
  await shoot('mapped');
  await row(page, 'vault-1').click();
  await expect(details(page)).toContainText('Virtual Network Manager, vault-vnet');
  await expect(details(page)).toContainText('10 no-management-from-internet');
  await expect(details(page)).toContainText('What keeps you from port 22');
  await shoot('denied');
  await tab(page, 'Not configured').click();
  await row(page, 'scan-1').click();
  await expect(details(page)).toContainText('lets it in for good');
  await expect(details(page)).toContainText('no lock shuts that');
  await expect(details(page)).not.toContainText('lets you in · is not asked');
  await shoot('always');
  await tab(page, 'Unsupported').click();
  await expect(row(page, 'old-crm')).toContainText('A classic VM');
  await expect(row(page, 'scratch-3')).toContainText('No network security group and no firewall');
  await shoot('unsupported');
});
