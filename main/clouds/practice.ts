/**
 * The practice cloud's two accounts as Clouds: the ordinary adapters, pointed at where it listens, with an address book
 * of where its machines really are.
 */
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../shared/contract/vms.ts';
import { parseAccountId, type VmId } from '../../shared/domain/ids.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Os, PracticeInfo } from '../os/ports.ts';
import { pause } from '../waiting.ts';
import { createAwsCloud } from './aws/index.ts';
import { createAzureCloud } from './azure/azureCloud.ts';
import type { MappedBook } from './azure/firewall/gate.ts';
import type { Cloud } from './cloud.ts';

type Pieces = Pick<Os, 'clock' | 'random' | 'http' | 'files' | 'log'>;

/** What `/network` of the control interface answers: where each port of each machine, and of each firewall, listens. */
const networkAnswer = z.object({
  endpoints: z.array(endpoint.extend({ id: z.string() })),
  mapped: z.array(z.object({ address: z.string(), port: z.int(), host: z.string(), hostPort: z.int() })),
});

const answerMs = 10_000;
/** Thousands of machines. */
const longestBody = 16 * 1024 * 1024;
/** A machine that is not in the book makes us read it again, at most this often (milliseconds). */
const oftenestMs = 2_000;

/** Both clouds of a running practice cloud. Throws CLOUD_UNREACHABLE when it does not answer. */
export async function connectPractice(info: PracticeInfo, os: Pieces): Promise<Cloud[]> {
  const ca = await os.files.readText(info.caFile);
  if (ca === undefined) throw unreachable(`${info.caFile} is missing`);
  const book = await openAddressBook(info, ca, os);
  const common = {
    caCertificate: ca,
    observers: info.observers,
    clock: os.clock,
    random: os.random,
    log: os.log,
  };
  const { azure, aws } = info;
  return [
    createAzureCloud({
      ...common,
      account: parseAccountId('practice-azure'),
      armEndpoint: azure.armEndpoint,
      tenantId: azure.tenantId,
      credential: {
        getToken: async () => ({ token: azure.token, expiresOnTimestamp: expiryOf(azure.token) }),
      },
      addressBook: (vm, port) => book.machine(vm, port),
      mappedBook: book.firewall,
    }),
    createAwsCloud({
      ...common,
      account: parseAccountId('practice-aws'),
      endpoint: aws.endpoint,
      regions: aws.regions,
      credentials: async () => ({ accessKeyId: aws.accessKeyId, secretAccessKey: aws.secretAccessKey }),
      addressBook: (vm, port) => book.machine(vm.id, port),
    }),
  ];
}

interface AddressBook {
  machine(vm: VmId, port: number): Endpoint | undefined;
  firewall: MappedBook;
}

/** Reads the book once before the first look-up, and again behind a look-up that found nothing. */
async function openAddressBook(info: PracticeInfo, ca: string, os: Pieces): Promise<AddressBook> {
  let pages = await readBook(info, ca, os);
  let readAt = os.clock.now();
  async function read(): Promise<void> {
    readAt = os.clock.now();
    pages = await readBook(info, ca, os);
  }
  function readAgain(): void {
    if (os.clock.now() - readAt < oftenestMs) return;
    read().catch((error: unknown) =>
      os.log.warn({ error: String(error) }, 'the practice cloud does not tell its addresses'),
    );
  }
  const known = ({ port, host, hostPort }: Endpoint): Endpoint | undefined => {
    const found = pages.mapped.find(one => one.address === host && one.port === hostPort);
    if (found === undefined) readAgain();
    return found && { port, host: found.host, hostPort: found.hostPort };
  };
  return {
    machine(vm, port) {
      const machine = pages.machines.get(vm);
      // A machine that is in the book and does not serve the port is not worth another look.
      if (machine === undefined) readAgain();
      return machine?.find(found => found.port === port);
    },
    firewall: {
      known,
      async find(wanted) {
        for (const wait of [0, 0, 50, 100, 200, 400, 800]) {
          if (wait > 0) await pause(os.clock, wait);
          const found = known(wanted);
          if (found) return found;
          await read();
        }
        throw unreachable(`nothing listens for ${wanted.host} port ${wanted.hostPort}`);
      },
    },
  };
}

interface Pages {
  machines: Map<string, Endpoint[]>;
  mapped: z.infer<typeof networkAnswer>['mapped'];
}

async function readBook(info: PracticeInfo, ca: string, os: Pieces): Promise<Pages> {
  const url = `${info.control}/network`;
  const answer = await os.http
    .get(url, { ca, bearer: info.azure.token, longestBody, timeoutMs: answerMs })
    .catch((error: unknown) => {
      throw unreachable(error instanceof Error ? error.message : 'no answer', error);
    });
  if (answer.status !== 200) throw unreachable(`HTTP ${answer.status} for ${url}`);
  const { endpoints, mapped } = networkAnswer.parse(JSON.parse(answer.body));
  const byMachine = Map.groupBy(endpoints, found => found.id);
  const machines = new Map(
    [...byMachine].map(([id, found]) => [id, found.map(({ id: _id, ...rest }) => rest)]),
  );
  return { machines, mapped };
}

/** When a JWT ends, epoch milliseconds, by its `exp` (RFC 7519). */
function expiryOf(token: string): number {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return z.object({ exp: z.number() }).parse(claims).exp * 1000;
}

function unreachable(why: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    {
      code: 'CLOUD_UNREACHABLE',
      message: `The practice cloud does not answer (${why}).`,
      fix: 'Start it again: `latchkey practice`.',
    },
    { cause },
  );
}
