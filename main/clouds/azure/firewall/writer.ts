/**
 * Writes DNAT collections. There is no resource for a rule and no compare-and-swap (reference sections 7.3, 7.6): a
 * firewall or group is read, changed and written back whole. So that nobody's collection is lost: one write at a time per
 * place, made from what was read just before; one that was refused because another is under way is never sent again but made
 * anew; and after it the place is read again, to see that what was written stands. What waits meanwhile goes into the next write
 * together, for an update takes minutes.
 */
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../os/ports.ts';
import { cancelled, cloudCode, waitOut } from '../../calls.ts';
import type { Arm } from '../armClients.ts';
import { armPath } from '../armIds.ts';
import { isBusyCode } from '../errors.ts';
import { within } from '../waiting.ts';
import { firewallVersion, type RawCollection } from './model.ts';
import { bodyOf, isUnderWay, type NatPlace, type NatStock, readStock } from './place.ts';

/** Longest that a change may take, with all it waits for: updates take minutes, and go one after the other. */
const changeMs = 30 * 60_000;
/** Writes of the same change, when others lose it again and again or the update fails. */
const tries = 6;
/** Pauses between looks at an update that is under way. */
const pauses = [250, 500, 1000, 2000, 4000];

export interface NatChange {
  /** The collections as they should be. Throws to refuse: then nothing is changed for this one. */
  edit(stock: NatStock): RawCollection[];
  /** Does it stand as wanted? */
  holds(stock: NatStock): boolean;
  /** Tags of the resource (a classic firewall's are part of it), where they change with it. */
  tags?(tags: Record<string, string>): Record<string, string>;
}

export interface NatWritten {
  /** As read when it stood. */
  stock: NatStock;
  /** The cloud's correlation id of the write; undefined if none was needed. */
  correlation: string | undefined;
}

interface Job {
  change: NatChange;
  signal: AbortSignal | undefined;
  writes: number;
  correlation: string | undefined;
  done: PromiseWithResolvers<NatWritten>;
}

export class NatWriter {
  #arm: Arm;
  #clock: Clock;
  #waiting = new Map<string, Job[]>();

  constructor(arm: Arm, clock: Clock) {
    this.#arm = arm;
    this.#clock = clock;
  }

  /** Makes a change stand. Throws what `edit` throws, CLOUD_SLOW, CLOUD_CONFLICT if others keep undoing it, CANCELLED. */
  change(place: NatPlace, change: NatChange, signal?: AbortSignal): Promise<NatWritten> {
    const job: Job = { change, signal, writes: 0, correlation: undefined, done: Promise.withResolvers() };
    const key = place.id.toLowerCase();
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.push(job);
    else {
      this.#waiting.set(key, [job]);
      void this.#drain(key, place);
    }
    return job.done.promise;
  }

  async #drain(key: string, place: NatPlace): Promise<void> {
    const jobs: Job[] = [];
    const take = (): Job[] => {
      jobs.push(...(this.#waiting.get(key)?.splice(0) ?? []));
      return jobs;
    };
    const settle = (job: Job, end: () => void): void => {
      jobs.splice(jobs.indexOf(job), 1);
      end();
    };
    while (take().length > 0) {
      try {
        await within(this.#clock, changeMs, `changing ${place.name}`, undefined, signal =>
          this.#work(place, take, settle, signal),
        );
      } catch (error) {
        for (const job of jobs.slice()) settle(job, () => job.done.reject(error));
      }
    }
    this.#waiting.delete(key);
  }

  async #work(
    place: NatPlace,
    take: () => Job[],
    settle: (job: Job, end: () => void) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const stock = await this.#settled(place, signal);
      const failed = stock.state.toLowerCase() === 'failed';
      for (const job of take().slice()) {
        const { change, done, correlation } = job;
        if (job.signal?.aborted) settle(job, () => done.reject(cancelled()));
        // An update that failed may have left the firewall's instances in different minds: it is repeated.
        else if (change.holds(stock) && !(failed && job.writes > 0))
          settle(job, () => done.resolve({ stock, correlation }));
        else if (job.writes >= tries) settle(job, () => done.reject(undone(place, failed)));
      }
      if (take().length === 0) return;
      const next = this.#edited(stock, take(), settle);
      if (next === undefined) continue;
      const written = await this.#write(stock, next, signal);
      if (written === undefined) {
        await waitOut(this.#clock, pauses[Math.min(attempt, pauses.length - 1)] ?? 0, signal);
        continue;
      }
      for (const job of next.jobs) {
        job.writes++;
        job.correlation = written.correlation;
      }
    }
  }

  /** All changes together, each on what those before it left; undefined if every one refused. */
  #edited(
    stock: NatStock,
    jobs: Job[],
    settle: (job: Job, end: () => void) => void,
  ): { body: object | undefined; jobs: Job[] } | undefined {
    let now = stock;
    let tags = stock.resource?.tags;
    const taking: Job[] = [];
    for (const job of jobs.slice()) {
      try {
        const raw = job.change.edit(now);
        now = { ...now, collections: raw.map(asCollection) };
        if (job.change.tags) tags = job.change.tags(tags ?? {});
        taking.push(job);
      } catch (error) {
        settle(job, () => job.done.reject(error));
      }
    }
    if (taking.length === 0) return undefined;
    const body = bodyOf(
      stock,
      now.collections.map(one => one.raw),
    );
    const tagged = tags === stock.resource?.tags || body === undefined ? body : { ...body, tags };
    return { body: tagged, jobs: taking };
  }

  /** One write; undefined where it has to be made anew from a fresh look: another was under way, or no answer came. */
  async #write(
    { place }: NatStock,
    { body }: { body: object | undefined },
    signal: AbortSignal,
  ): Promise<{ correlation: string | undefined } | undefined> {
    let correlation: string | undefined;
    try {
      await this.#arm.request({
        method: body === undefined ? 'DELETE' : 'PUT',
        path: `${armPath(place.id)}?api-version=${firewallVersion}`,
        ...(body === undefined ? {} : { body }),
        once: true,
        signal,
        onCorrelation(id) {
          correlation = id;
        },
      });
      return { correlation };
    } catch (error) {
      if (!mayPass(error)) throw error;
      return undefined;
    }
  }

  /** The place, once no update is under way there. */
  async #settled(place: NatPlace, signal: AbortSignal): Promise<NatStock> {
    for (let look = 0; ; look++) {
      const stock = await readStock(this.#arm, place, signal);
      if (!isUnderWay(stock.state)) return stock;
      await waitOut(this.#clock, pauses[Math.min(look, pauses.length - 1)] ?? 0, signal);
    }
  }
}

/**
 * Assumption, reference section 7.3: what a policy under change answers is not named there. Seen in public reports:
 * hashicorp/terraform-provider-azurerm.
 */
const policyBusy = [
  'FirewallPolicyUpdateNotAllowedWhenUpdatingOrDeleting',
  'FirewallPolicyRuleCollectionGroupUpdateNotAllowedWhenUpdatingOrDeleting',
];

function mayPass(error: unknown): boolean {
  if (!(error instanceof LatchkeyError)) return false;
  const code = cloudCode(error);
  if (isBusyCode(code) || (code !== undefined && policyBusy.includes(code))) return true;
  if (error.code === 'CLOUD_THROTTLED' || error.code === 'CLOUD_UNREACHABLE') return true;
  const status = error.detail?.['status'];
  return typeof status === 'number' && status >= 500;
}

function asCollection(raw: RawCollection): NatStock['collections'][number] {
  const { priority = 0, rules = [] } = raw.properties ?? raw;
  return { name: raw.name ?? '', priority, rules, raw };
}

function undone(place: NatPlace, failed: boolean): LatchkeyError {
  return new LatchkeyError({
    code: failed ? 'CLOUD_FAILED' : 'CLOUD_CONFLICT',
    message: failed
      ? `Updating the firewall ${place.name} failed again and again.`
      : `The rule was written to ${place.name} again and again, and does not stand there: somebody or something else changes it.`,
    fix: 'Look at the activity log of this firewall.',
    detail: { gate: place.id },
  });
}
