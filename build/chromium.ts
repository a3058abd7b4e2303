/** A Chromium for the end-to-end tests: Playwright's own, one that is installed, else the one inside @sparticuz/chromium. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium as playwright } from '@playwright/test';
import sparticuz from '@sparticuz/chromium';

const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** The program to start and the arguments it needs. */
export async function findChromium(): Promise<{ executablePath: string; args: string[] }> {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap(folder => names.map(name => join(folder, name)));
  const installed = [playwright.executablePath(), ...onPath, ...places].find(path => existsSync(path));
  // Chromium refuses its own sandbox to root, which is what a bare container runs as.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  if (installed !== undefined) return { executablePath: installed, args: asRoot };
  // Not its own `args`: they switch web security off, which tests rely on, and put all pages into a single process.
  return { executablePath: await sparticuz.executablePath(), args: ['--no-sandbox'] };
}
