/** The operating system, put together. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createBrowser } from './browser.ts';
import { createClock } from './clock.ts';
import { createFiles } from './files.ts';
import { createHttp } from './http.ts';
import { createKeyAgent } from './keyAgent.ts';
import { createKeychain } from './keychain.ts';
import { createLog } from './log.ts';
import { createNetwork } from './network.ts';
import type { Os } from './ports.ts';
import { createPower } from './power.ts';
import { createPracticeDoor } from './practiceDoor.ts';
import { createProcesses } from './processes.ts';
import { createRandom } from './random.ts';
import { createRedirects } from './redirects.ts';
import { createDatabases } from './sqlite.ts';
import { createTcp } from './tcp.ts';

/** The real thing for one data directory. `command` is how to start the `latchkey` command: a program and its first arguments. */
export function createOs(options: { dataDirectory: string; command: string[] }): Os {
  const clock = createClock();
  return {
    clock,
    random: createRandom(),
    http: createHttp(),
    tcp: createTcp(),
    processes: createProcesses(),
    files: createFiles(),
    databases: createDatabases(),
    keychain: createKeychain(),
    keyAgent: createKeyAgent(options.dataDirectory),
    browser: createBrowser(),
    redirects: createRedirects(),
    network: createNetwork(clock),
    power: createPower(clock),
    log: createLog(join(options.dataDirectory, 'log', 'latchkey.log')),
    practice: createPracticeDoor(options),
    userName: userInfo().username,
  };
}
