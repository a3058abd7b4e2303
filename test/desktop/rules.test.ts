import { describe, expect, test } from 'vitest';
import {
  contentSecurityPolicy,
  isOurPage,
  mayHave,
  mayHavePort,
  webPreferences,
} from '../../main/desktop/rules.ts';

describe('which pages are ours', () => {
  test.each([
    ['app://latchkey/index.html', true],
    ['app://latchkey/', true],
    ['app://latchkey.evil/index.html', false],
    ['app://latchkey@evil/index.html', false],
    ['https://latchkey/index.html', false],
    ['file:///index.html', false],
    ['javascript:alert(1)', false],
    ['about:blank', false],
    ['', false],
  ])('%s → %s', (url, ours) => {
    expect(isOurPage(url)).toBe(ours);
    expect(mayHavePort({ url, mainFrame: true })).toBe(ours);
  });

  test('a frame inside our page gets no port', () => {
    expect(mayHavePort({ url: 'app://latchkey/index.html', mainFrame: false })).toBe(false);
  });
});

describe('permissions', () => {
  test.each([
    'media',
    'geolocation',
    'notifications',
    'openExternal',
    'clipboard-read',
    'hid',
    'usb',
    'fullscreen',
  ])('%s is refused even to our page', permission =>
    expect(mayHave(permission, 'app://latchkey/index.html')).toBe(false),
  );
  test('copying is allowed to our page only', () => {
    expect(mayHave('clipboard-sanitized-write', 'app://latchkey/index.html')).toBe(true);
    expect(mayHave('clipboard-sanitized-write', 'https://example.com/')).toBe(false);
  });
});

test('the page is a stranger', () => {
  expect(webPreferences('/p.js')).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
  });
  expect(webPreferences('/p.js')).not.toHaveProperty('webSecurity');
});

test('the policy of the page has no inline, no eval and no network', () => {
  expect(contentSecurityPolicy).toContain("default-src 'none'");
  expect(contentSecurityPolicy).toContain("connect-src 'none'");
  expect(contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:/);
});
