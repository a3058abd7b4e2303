import { defineConfig } from '@playwright/test';
import { findChromium } from './build/chromium.ts';

/** End-to-end tests: the built interface in a real Chromium, with the real broker and practice cloud behind it. */
export default defineConfig({
  testDir: 'test/e2e',
  // Not a test: makes the README's picture when it is told where to.
  testIgnore: process.env['LATCHKEY_PICTURE'] === undefined ? ['**/picture.spec.ts'] : [],
  outputDir: 'test-results',
  // Every spec file has a broker and a practice cloud of its own; its tests share them, one after the other.
  fullyParallel: false,
  workers: 2,
  forbidOnly: true,
  // A test that passes only sometimes is a defect of the test or of the window.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: await findChromium(),
    // The browser and the broker must mean the same by a time of day.
    locale: 'en-GB',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
  },
});
