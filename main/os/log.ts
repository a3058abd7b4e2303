/** The log: `<data>/log/latchkey.log`, bounded in size, without secrets, and never in anybody's way. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import type { Logger } from './ports.ts';
import { redactLine } from './redact.ts';

/** With the one before it, the log takes at most twice this. */
const mostBytes = 5 * 1024 * 1024;

/** A log that writes JSON lines to `path`. It never throws: a disk that is full costs lines, which are counted. */
export function createLog(path: string, limit = mostBytes): Logger {
  const logger = pino({ base: { pid: process.pid } }, { write: appender(path, limit) });
  return {
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
  };
}

function appender(path: string, limit: number): (line: string) => void {
  let size: number | undefined;
  let lost = 0;
  const write = (line: string) => {
    if (size === undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
    if (size > limit) {
      renameSync(path, `${path}.1`);
      size = 0;
    }
    appendFileSync(path, line, { mode: 0o600 });
    size += Buffer.byteLength(line);
  };
  return line => {
    try {
      if (lost > 0) {
        write(`${JSON.stringify({ level: 40, lost, msg: 'lines of this log could not be written' })}\n`);
        lost = 0;
      }
      write(redactLine(line));
    } catch {
      lost++; // There is no other place to tell; the next line that can be written says how many are missing.
    }
  };
}
