/** The window and its broker part: a connection that falls, a broker that is killed. Doors that are open stay told. */
import type { Page, WebSocketRoute } from '@playwright/test';
import { door, knock, row, toast } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: true });

const lost = (page: Page) => page.getByText('Connection lost, trying again…');

test('a connection that falls is said, and the window goes on by itself when it is back', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(row(page, 'web-1')).toContainText('shut');
  // A cable between the real page and the real broker, to pull out.
  let pulled = false;
  const sockets = new Set<WebSocketRoute>();
  await page.routeWebSocket('**/rpc', socket => {
    if (pulled) return void socket.close();
    sockets.add(socket);
    return void socket.connectToServer();
  });
  await page.reload();
  await expect(row(page, 'web-1')).toContainText('shut');
  await expect(lost(page)).toHaveCount(0);

  pulled = true;
  for (const socket of sockets) await socket.close();
  await expect(lost(page)).toBeVisible();
  await expect(page.getByText(/^since \d+ sec$/)).toBeVisible();
  await expect(page.getByText(/What is shown may be old/)).toContainText('latchkey ui');
  // What happens meanwhile is not lost, and what one asks meanwhile is not done in secret later.
  await latchkey.client.grants.request({ vms: ['web-1'], forMs: 600_000 });
  await row(page, 'pay-db').click();
  await page.getByRole('button', { name: /^Refreshed/ }).click();
  await expect(toast(page, 'Latchkey’s broker does not answer at the moment.')).toBeVisible();
  await expect(row(page, 'web-1')).toContainText('shut');

  pulled = false;
  await expect(lost(page)).toHaveCount(0, { timeout: 15_000 });
  await expect(row(page, 'web-1')).toContainText(/open(10:00|9:\d\d)/);
  await door(page, 'web-1').getByRole('button', { name: 'Revoke the grant for web-1' }).click();
  await expect(row(page, 'web-1')).toContainText('shut');
});

test('a broker that is killed is missed; the next one has its open doors', async ({ open, allowed }) => {
  allowed.push(/WebSocket connection to .* failed/);
  const page = await open(latchkey);
  const vm = await latchkey.vm('web-1');
  await latchkey.client.grants.request({ vms: ['web-1'], forMs: 600_000, reason: 'across the crash' });
  await expect(row(page, 'web-1')).toContainText(/open(10:00|9:\d\d)/);
  await latchkey.crash();
  await expect(lost(page)).toBeVisible();
  await expect(page.getByText(/start it again: latchkey ui/)).toBeVisible();
  // Open doors are still told, with what is left of them.
  await expect(door(page, 'web-1')).toContainText(/9:\d\d/);
  expect(await knock(vm)).toMatch(/^SSH-2\.0-/);

  await page.goto(await latchkey.start());
  await expect(row(page, 'web-1')).toContainText(/open9:\d\d/);
  await expect(lost(page)).toHaveCount(0);
  await row(page, 'web-1').click();
  await expect(page.getByText('across the crash')).toBeVisible();
  await door(page, 'web-1').getByRole('button', { name: 'Revoke the grant for web-1' }).click();
  await expect(door(page, 'web-1')).toHaveCount(0);
  expect(await knock(vm)).toBeUndefined();
});
