import { defineConfig } from 'vitest/config';

/** Unit, property, contract and crash tests. The end-to-end ones in a browser are Playwright's (playwright.config.ts). */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'test/bench/**', 'node_modules/**'],
    environment: 'node',
    pool: 'forks',
    // One file a core: vitest would leave a core to itself, which it has no use for when it does not watch.
    maxWorkers: '100%',
    testTimeout: 60_000,
  },
});
