#!/usr/bin/env node
// `npm start`: the desktop app; where Electron's binary or a screen is missing, the same interface in the browser.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const more = process.argv.slice(2);
const electron = electronBinary();
const screen = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

if (electron !== undefined && screen) run(electron, [folder, ...more]);
else {
  const why =
    electron === undefined
      ? 'Electron is not installed here (`npx install-electron` fetches it)'
      : 'There is no screen here';
  process.stdout.write(`${why}: opening the same interface in the browser.\n`);
  run(process.execPath, [join(folder, 'bin', 'latchkey.js'), ...more, 'ui']);
}

/** Where electron's own installer puts the binary; undefined if it did not run. */
function electronBinary() {
  const base = join(folder, 'node_modules', 'electron');
  const pointer = join(base, 'path.txt');
  if (!existsSync(pointer)) return undefined;
  const binary = join(base, 'dist', readFileSync(pointer, 'utf8').trim());
  return existsSync(binary) ? binary : undefined;
}

function run(program, args) {
  const child = spawn(program, args, { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; it decides when it is done.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', signal => child.kill(signal));
  child.on('error', error => {
    process.stderr.write(`latchkey: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (status, signal) => {
    process.exitCode = status ?? (signal === 'SIGINT' ? 0 : 1);
  });
}
