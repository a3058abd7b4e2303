/** The tests' `test`: pages on the window of a Latchkey, watched for everything that must never happen in one. */
import { type BrowserContextOptions, test as base, expect, type Page } from '@playwright/test';
import type { Latchkey } from './latchkey.ts';

export { expect };

interface Fixtures {
  /** What the console may say in this test although it is an error. */
  allowed: RegExp[];
  /** Opens the window of a Latchkey in a browser that has never seen it. */
  open: (latchkey: Latchkey, how?: BrowserContextOptions & { address?: string }) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern
  allowed: async ({}, use) => use([]),
  open: async ({ browser, allowed }, use) => {
    const complaints: string[] = [];
    const pages: Page[] = [];
    await use(async (latchkey, { address, ...options } = {}) => {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        reducedMotion: 'reduce',
        ...options,
      });
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', event =>
          console.error(`security policy: ${event.violatedDirective} ${event.blockedURI}`),
        );
      });
      const page = await context.newPage();
      pages.push(page);
      page.on('pageerror', error => complaints.push(`thrown: ${error.message}`));
      page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
      page.on('dialog', dialog => {
        complaints.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', request => complaints.push(...strange(request.url())));
      page.on('websocket', socket => complaints.push(...strange(socket.url())));
      await page.goto(address ?? (await latchkey.address()));
      return page;
    });
    for (const page of pages) {
      // What hostile texts of the practice cloud and of these tests would set, or say in a dialog, if they were run.
      if (await page.evaluate(() => '__pwned' in window)) complaints.push('a text became a script');
      await page.context().close();
    }
    expect(complaints.filter(text => !allowed.some(pattern => pattern.test(text)))).toEqual([]);
  },
});

/** The address, unless it is on this computer. */
function strange(address: string): string[] {
  const { protocol, hostname } = new URL(address);
  const ours = protocol === 'blob:' || protocol === 'data:' || hostname === '127.0.0.1';
  return ours ? [] : [`a request to ${address}`];
}
