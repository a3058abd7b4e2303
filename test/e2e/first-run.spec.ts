/** The first minute: nobody is signed in, one click later there is a list to work with. And who may see it at all. */
import { request } from 'node:http';
import { row, tab } from './hands.ts';
import { latchkeyOfThisFile } from './latchkey.ts';
import { expect, test } from './window.ts';

const latchkey = latchkeyOfThisFile({ practice: false });

test('an address is good once, and only as it was given', async ({ open, allowed }) => {
  const address = await latchkey.address();
  const { origin } = new URL(address);
  const page = await open(latchkey, { address });
  await expect(page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' })).toBeVisible();
  // The token is out of the address at once; a reload, and going back to it, go on with the session it was exchanged for.
  expect(page.url()).not.toContain('t=');
  await page.reload();
  await page.goto(address);
  await expect(page.getByRole('link', { name: 'Accounts' })).toBeVisible();
  expect(page.url()).not.toContain('t=');
  // What this tab alone has: no cookie, which every port of this computer would be sent; nothing for other tabs.
  expect(await page.context().cookies()).toEqual([]);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  const session = await page.evaluate(() => sessionStorage.getItem('latchkey-session') ?? '');

  // Somebody else's browser: neither the used address, nor the bare origin, nor a token that was made up.
  allowed.push(/403 \(Forbidden\)/);
  for (const other of [address, origin, `${origin}/#t=${'a'.repeat(43)}`]) {
    const stranger = await open(latchkey, { address: other });
    await expect(stranger.getByText('This address was used already or is too old.')).toBeVisible();
    await expect(stranger.getByRole('link')).toHaveCount(0);
    // A new address opens this very tab.
    await stranger.goto(await latchkey.address());
    await expect(stranger.getByRole('link', { name: 'Accounts' })).toBeVisible();
  }
  // Another page in a browser that has a session: its Origin gives it away; so does another name for this computer.
  const offer = { 'sec-websocket-protocol': `latchkey, ${session}` };
  expect(await upgrade(origin, { ...offer, origin })).toBe(101);
  expect(await upgrade(origin, { ...offer, origin: 'http://evil.example' })).toBe(403);
  expect(await upgrade(origin, { ...offer, origin, host: 'evil.example' })).toBe(403);
  expect(await upgrade(origin, { origin })).toBe(403);
});

/** The status that an attempt to open the window's WebSocket is answered with. */
function upgrade(origin: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}/rpc`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers,
      },
    });
    asked.once('response', answer => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve(answer.statusCode);
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('without an account the window offers the practice cloud, and one click brings the list', async ({
  open,
}) => {
  const page = await open(latchkey);
  await expect(page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' })).toBeVisible();
  const start = page.getByRole('button', { name: 'Start the practice cloud' });
  await expect(start).toBeFocused();
  await start.click();
  await expect(row(page, 'web-1')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: /^Refreshed/ })).toBeVisible();
  await expect(tab(page, 'Configured').first()).toHaveText(/^Configured\d+ · \d+ exposed$/);
  await expect(tab(page, 'Not configured')).toHaveText(/^Not configured\d+ · \d+ exposed$/);
  await expect(page.getByRole('button', { name: 'You are seen from' })).toContainText('127.0.0.1');
  for (const scope of ['Contoso Production', 'Contoso Test', 'eu-north-1', 'us-east-1'])
    await expect(page.getByRole('grid')).toContainText(scope);

  await page.getByRole('link', { name: 'Accounts' }).click();
  for (const name of ['Practice Azure', 'Practice AWS']) {
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
    await expect(card).toContainText('ready');
  }
  // Taken away again, it is offered again.
  for (let left = 2; left > 0; left -= 1) {
    await page.getByRole('main').getByRole('button', { name: 'Remove' }).first().click();
    await expect(page.getByRole('main').getByRole('button', { name: 'Remove' })).toHaveCount(left - 1);
  }
  await expect(page.getByRole('heading', { name: 'Try Latchkey with a practice cloud' })).toBeVisible();
});
