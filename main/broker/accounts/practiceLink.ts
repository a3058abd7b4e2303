/**
 * The connection to the practice cloud of this data directory. It is a process of its own that may be gone and come
 * back on other ports with another token: then the clouds are made anew, and those who hold one never notice.
 */
import type { AccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Cloud } from '../../clouds/cloud.ts';
import type { Os, PracticeInfo } from '../../os/ports.ts';
import { type Link, notConnected } from './link.ts';

/** Makes the clouds of the practice accounts, `practice-azure` and `practice-aws`, from where they listen. */
export type ConnectPractice = (
  info: PracticeInfo,
  os: Pick<Os, 'clock' | 'random' | 'http' | 'files' | 'log'>,
) => Promise<Cloud[]>;

export interface PracticeLink extends Link {
  /** The practice cloud's own certificate authority (PEM); undefined while not connected. */
  authority(): string | undefined;
  drop(): void;
  /** As `drop`, and for good: who asks for a cloud now is told CANCELLED. */
  close(): void;
}

/** Nothing is connected before the first `get`. */
export function createPracticeLink(
  os: Pick<Os, 'practice' | 'clock' | 'random' | 'http' | 'files' | 'log'>,
  connectPractice: ConnectPractice,
): PracticeLink {
  let clouds = new Map<AccountId, Cloud>();
  let connectedTo = '';
  let authority: string | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  /** Connects anew if the practice cloud is elsewhere than before. Calls at the same time share one attempt. */
  function connect(): Promise<void> {
    running ??= os.practice
      .ensure()
      .then(async (info: PracticeInfo) => {
        const place = JSON.stringify(info);
        if (place === connectedTo) return;
        const made = await connectPractice(info, os);
        authority = await os.files.readText(info.caFile);
        if (closed) for (const cloud of made) cloud.dispose();
        refuseClosed();
        for (const cloud of clouds.values()) cloud.dispose();
        clouds = new Map(made.map(cloud => [cloud.account, cloud]));
        connectedTo = place;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  function now(account: AccountId): Cloud {
    const cloud = clouds.get(account);
    if (cloud) return cloud;
    throw notConnected('The practice cloud');
  }

  function drop(): void {
    for (const cloud of clouds.values()) cloud.dispose();
    clouds = new Map();
    connectedTo = '';
  }

  function refuseClosed(): void {
    if (closed) throw new LatchkeyError({ code: 'CANCELLED', message: 'Latchkey is being stopped.' });
  }

  return {
    now,
    async get(account) {
      refuseClosed();
      if (!clouds.has(account)) await connect();
      return now(account);
    },
    async recover(account, used, error) {
      if (closed) return false;
      if (error.code === 'CLOUD_UNREACHABLE' || error.code === 'CLOUD_UNAUTHORIZED') {
        await connect();
        return error.code === 'CLOUD_UNREACHABLE' || clouds.get(account) !== used;
      }
      // Cut off because somebody else has connected anew; who cancelled it himself is told so again.
      return error.code === 'CANCELLED' && clouds.get(account) !== used;
    },
    clockOffset: account => clouds.get(account)?.clockOffset() ?? 0,
    authority: () => authority,
    drop,
    close() {
      closed = true;
      drop();
    },
  };
}
