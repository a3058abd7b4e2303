#!/usr/bin/env node
// The `latchkey` command. Plain JavaScript: it has to start on any Node and say so where something is missing.
import { existsSync } from 'node:fs';
import module from 'node:module';

const bundle = new URL('../out/node/latchkey.js', import.meta.url);
if (existsSync(bundle)) {
  // Node 22 and later keep compiled code between runs: a command then starts in half the time.
  module.enableCompileCache?.();
  await import(bundle.href);
} else {
  process.stderr.write('latchkey: not built yet. Run `npm ci` (or `npm run build`) in its folder first.\n');
  process.exitCode = 1;
}
