/**
 * What the window may do, as pure functions: deny by default, each rule with its reason (Electron's security checklist,
 * point numbers of https://www.electronjs.org/docs/latest/tutorial/security).
 */
import type { WebPreferences } from 'electron';

export const appScheme = 'app';
const appHost = 'latchkey';
const appOrigin = `${appScheme}://${appHost}`;
export const startPage = `${appOrigin}/index.html`;

/** Points 7, 18: everything comes from our own files; no inline, no eval, no network from the page at all. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'none'; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Points 2, 3, 4, 6, 8, 9, 10: the page is a stranger. What is not named here stays at Electron's safe default. */
export function webPreferences(preload: string): WebPreferences {
  return {
    preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    disableBlinkFeatures: 'Auxclick',
    spellcheck: false,
  };
}

/** Points 13, 14, 17: is this our own page? Compares the parsed origin, never a prefix of the text. */
export function isOurPage(url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    return protocol === `${appScheme}:` && host === appHost;
  } catch {
    return false;
  }
}

/** Point 5: the page may write to the clipboard (Copy buttons), nothing else. */
export function mayHave(permission: string, url: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOurPage(url);
}

/** Point 17: a port is handed to the main frame of our own page only. */
export function mayHavePort(sender: { url: string; mainFrame: boolean }): boolean {
  return sender.mainFrame && isOurPage(sender.url);
}
