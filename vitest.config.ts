import { defineConfig } from 'vitest/config';

/** Unit, property, contract and crash tests. The end-to-end ones in a browser are Playwright's (playwright.config.ts). */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'test/bench/**', 'node_modules/**'],
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
  },
});
