import { expect, test } from 'vitest';
import { createBrowser } from '../../main/os/browser.ts';

test.skipIf(process.platform !== 'linux')('without a screen there is no browser to start', async () => {
  expect(await createBrowser({}).open('https://example.com')).toBe(false);
});

test('only HTTPS is handed to the system, whatever an authority says', async () => {
  const browser = createBrowser({ DISPLAY: ':0' });
  for (const url of [
    'file:///etc/passwd',
    'http://example.com',
    'ms-settings:',
    'javascript:alert(1)',
    '-x',
    '',
  ])
    expect(await browser.open(url)).toBe(false);
});
