import { defineConfig } from '@playwright/test';
import { findChromium } from './build/chromium.ts';

/** End-to-end tests: the built interface in a real Chromium, with the real broker and practice cloud behind it. */
export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 1,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: await findChromium(),
    trace: 'retain-on-failure',
  },
});
