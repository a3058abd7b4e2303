/** Finding the practice cloud of a data directory: it tells everybody of this user who it is, over its socket. */
import { connect, type Socket } from 'node:net';
import { LatchkeyError } from '../../shared/errors.ts';
import { startInBackground } from './background.ts';
import type { PracticeDoor, PracticeInfo } from './ports.ts';
import { socketPath } from './socketPath.ts';

const answerMs = 5_000;
const startMs = 60_000;
const longestLine = 64 * 1024;

/**
 * `command`: how to start the `latchkey` command. The connection is kept, idle, for as long as this process lives: a
 * practice cloud in the background leaves when nobody is connected to it any more.
 */
export function createPracticeDoor(options: { dataDirectory: string; command: string[] }): PracticeDoor {
  const path = socketPath(options.dataDirectory, 'practice');
  let kept: { socket: Socket; info: PracticeInfo } | undefined;

  async function find(): Promise<PracticeInfo | undefined> {
    if (kept && !kept.socket.destroyed) return kept.info;
    const found = await ask(path);
    if (!found) return undefined;
    kept = found;
    return found.info;
  }

  return {
    find,
    async ensure() {
      const running = await find();
      if (running) return running;
      return startInBackground({
        argv: [...options.command, '--json', '--data-dir', options.dataDirectory, 'practice', '--background'],
        name: 'practice',
        dataDirectory: options.dataDirectory,
        limitMs: startMs,
        ready: find,
      });
    },
  };
}

/** Connects and reads the one line; undefined when nobody listens. */
function ask(path: string): Promise<{ socket: Socket; info: PracticeInfo } | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    const timer = setTimeout(() => give(silent()), answerMs);
    const give = (answer: PracticeInfo | Error | undefined) => {
      clearTimeout(timer);
      socket.removeAllListeners('data');
      if (answer === undefined || answer instanceof Error) {
        socket.destroy();
        return answer ? reject(answer) : resolve(undefined);
      }
      socket.resume().unref();
      resolve({ socket, info: answer });
    };
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.includes('\n')) give(parse(text.slice(0, text.indexOf('\n'))));
      else if (text.length > longestLine) give(silent());
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '');
      give(nobody ? undefined : error);
    });
    socket.on('close', () => give(undefined));
  });
}

function parse(line: string): PracticeInfo | Error {
  try {
    return JSON.parse(line) as PracticeInfo;
  } catch {
    return silent();
  }
}

function silent(): LatchkeyError {
  return new LatchkeyError({
    code: 'BROKER_UNREACHABLE',
    message: 'The practice cloud is there and does not answer.',
    fix: 'End it and try again.',
  });
}
