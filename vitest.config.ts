import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './build/longestFirst.ts';

/** Unit, property, contract and crash tests. The end-to-end ones in a browser are Playwright's (playwright.config.ts). */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'test/bench/**', 'node_modules/**'],
    environment: 'node',
    sequence: { sequencer: LongestFirst },
    // Programs that tests start from the sources keep what Node made of them: most of such a start is reading TypeScript.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'node') },
    pool: 'forks',
    // Half of a test’s time is waiting for what a cloud’s own pace is: two files for each core keep it busy.
    maxWorkers: 2 * availableParallelism(),
    testTimeout: 60_000,
  },
});
