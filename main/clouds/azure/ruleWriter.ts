/**
 * Writes and removes single NSG rules: one at a time per NSG, never a whole NSG (there is no compare-and-swap on one,
 * so a whole-NSG PUT can lose a colleague's change; reference section 7.3).
 */
import type { SecurityRule } from '@azure/arm-network';
import type { GateId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock } from '../../os/ports.ts';
import { createQueue } from '../../waiting.ts';
import { cloudCode, isNotFound, waitOut } from '../calls.ts';
import { type Arm, abort } from './armClients.ts';
import { parseArmId } from './armIds.ts';
import { endedBusy, isUnfollowed, notAzure, tooSlow } from './errors.ts';
import { readGate } from './freshVm.ts';
import type { KnownRules } from './known.ts';
import { saysTheSame } from './rules.ts';
import { within } from './waiting.ts';

/** Longest a single write may take, its asynchronous operation included. */
const writeMs = 180_000;
/** Tries at a free priority, or at a write that another one got in the way of. */
const tries = 8;
/** Pauses between looks for a rule that was written but does not show yet. */
const lookPauses = [250, 500, 1000, 2000, 4000, 8000];
/** Milliseconds between status requests where the cloud names no time. */
const pollMs = 250;

export interface WrittenRule {
  rule: SecurityRule;
  correlation: string | undefined;
}

interface Answer {
  asynchronous: boolean;
  correlation: string | undefined;
}

export class RuleWriter {
  #arm: Arm;
  #clock: Clock;
  #chance: () => number;
  #queue = createQueue<GateId>();
  #plans = createQueue<GateId>();
  readonly known: KnownRules;

  constructor(arm: Arm, clock: Clock, known: KnownRules, chance: () => number) {
    this.#arm = arm;
    this.#clock = clock;
    this.#chance = chance;
    this.known = known;
  }

  /** Runs work that writes to a gate after all that was asked before on the same gate. Must not be nested. */
  inTurn<T>(gate: GateId, work: () => Promise<T>): Promise<T> {
    return this.#queue.run(gate, work);
  }

  /**
   * Runs work that looks at these gates, plans by what it sees and then writes, after all such work on any of them: two
   * locks of one process never plan the same priority, nor both move the same rule.
   */
  planning<T>(gates: GateId[], work: () => Promise<T>): Promise<T> {
    // In one order for all: nobody waits for somebody who waits for him.
    const [first, ...others] = [...new Set(gates)].toSorted();
    return first === undefined ? work() : this.#plans.run(first, () => this.planning(others, work));
  }

  /**
   * Puts a rule of a grant in at a free priority, without reading first, and looks that it stands as meant. Idempotent
   * by name. Throws CLOUD_CONFLICT if somebody keeps changing it.
   */
  async putGrant(
    gate: GateId,
    name: string,
    make: (priority: number) => SecurityRule,
    signal?: AbortSignal,
  ): Promise<WrittenRule> {
    if (!this.known.hasRoom(gate, name)) await this.#learn(gate, signal);
    for (let attempt = 1; ; attempt++) {
      const priority = this.known.priorityForGrant(gate, name, this.#chance());
      try {
        return await this.put(gate, name, make(priority), signal);
      } catch (error) {
        if (cloudCode(error) !== 'SecurityRuleConflict' || attempt >= tries) throw error;
        await this.#learn(gate, signal);
      }
    }
  }

  /** What is known of a gate may be old: grants may have ended since. */
  async #learn(gate: GateId, signal?: AbortSignal): Promise<void> {
    const fresh = await readGate(this.#arm, gate, signal);
    this.known.learn(gate, fresh.securityRules ?? []);
  }

  /** Puts a rule in exactly so, and looks that it stands as meant. Throws CLOUD_CONFLICT if it does not. */
  async put(gate: GateId, name: string, rule: SecurityRule, signal?: AbortSignal): Promise<WrittenRule> {
    const { subscription, group, name: nsg } = parseArmId(gate);
    const network = await this.#arm.network(subscription);
    const sent = await this.#write(`the rule ${name}`, signal, async (onResponse, limited) => {
      const poller = network.securityRules.createOrUpdate(group, nsg, name, rule, {
        updateIntervalInMs: pollMs,
        onResponse,
        ...abort(limited),
      });
      return await poller.pollUntilDone({ abortSignal: limited });
    });
    if (rule.priority !== undefined) this.known.wrote(gate, name, rule.priority);
    // After an asynchronous write the poller has read the rule itself, unless the operation could not be followed.
    const seen = sent.answer.asynchronous ? sent.result : undefined;
    const stands =
      seen !== undefined && saysTheSame(seen, rule) ? seen : await this.#look(gate, name, rule, signal);
    return { rule: stands, correlation: sent.answer.correlation };
  }

  /** Removes one rule. Gives the correlation id; undefined if the rule (or its NSG) was not there. */
  async remove(gate: GateId, name: string, signal?: AbortSignal): Promise<string | undefined> {
    const { subscription, group, name: nsg } = parseArmId(gate);
    const network = await this.#arm.network(subscription);
    try {
      const sent = await this.#write(`removing the rule ${name}`, signal, async (onResponse, limited) => {
        const poller = network.securityRules.delete(group, nsg, name, {
          updateIntervalInMs: pollMs,
          onResponse,
          ...abort(limited),
        });
        await poller.pollUntilDone({ abortSignal: limited });
        return 'done' as const;
      });
      if (sent.result === undefined) await this.#lookGone(gate, name, signal);
      return sent.answer.correlation;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return undefined;
    } finally {
      this.known.forget(gate, name);
    }
  }

  /** One rule as it stands, or undefined. */
  async read(gate: GateId, name: string, signal?: AbortSignal): Promise<SecurityRule | undefined> {
    const { subscription, group, name: nsg } = parseArmId(gate);
    const network = await this.#arm.network(subscription);
    try {
      const rule = await network.securityRules.get(group, nsg, name, { ...abort(signal) });
      // An empty answer must not be taken for a rule that is not there.
      if (rule.name?.toLowerCase() !== name.toLowerCase()) throw notAzure(`GET ${gate}`, 200);
      return rule;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #look(gate: GateId, name: string, rule: SecurityRule, signal?: AbortSignal): Promise<SecurityRule> {
    for (const wait of [0, ...lookPauses]) {
      if (wait > 0) await waitOut(this.#clock, wait, signal);
      const stands = await this.read(gate, name, signal);
      if (stands !== undefined && isSettled(stands) && saysTheSame(stands, rule)) return stands;
    }
    throw new LatchkeyError({
      code: 'CLOUD_CONFLICT',
      message: `The rule ${name} was written, but it does not stand in Azure as we wrote it.`,
      fix: 'Somebody or something else changes this network security group; look at its activity log.',
      detail: { gate, rule: name },
    });
  }

  /** Looks until a rule whose removal was accepted is not there any more. Throws CLOUD_SLOW. */
  async #lookGone(gate: GateId, name: string, signal?: AbortSignal): Promise<void> {
    for (const wait of [0, ...lookPauses]) {
      if (wait > 0) await waitOut(this.#clock, wait, signal);
      if ((await this.read(gate, name, signal)) === undefined) return;
    }
    throw tooSlow(`removing the rule ${name}`);
  }

  /**
   * One write with its asynchronous operation; one that ended as “busy” is sent again. No `result`: it was accepted, and
   * then its operation could not be followed (its address is lost, or forbidden); the rule itself tells what came of it.
   */
  async #write<T>(
    what: string,
    signal: AbortSignal | undefined,
    send: (onResponse: (raw: RawAnswer) => void, limited: AbortSignal) => Promise<T>,
  ): Promise<{ result: T | undefined; answer: Answer }> {
    return await within(this.#clock, writeMs, what, signal, async limited => {
      for (let attempt = 1; ; attempt++) {
        let answer: Answer = { asynchronous: false, correlation: undefined };
        const onResponse = (raw: RawAnswer) => {
          answer = {
            asynchronous: raw.headers.get('azure-asyncoperation') !== undefined,
            correlation: raw.headers.get('x-ms-correlation-request-id') ?? raw.headers.get('x-ms-request-id'),
          };
        };
        try {
          return { result: await send(onResponse, limited), answer };
        } catch (error) {
          if (!endedBusy(error) || attempt >= tries) {
            if (answer.asynchronous && !limited.aborted && isUnfollowed(error))
              return { result: undefined, answer };
            throw error;
          }
          await waitOut(this.#clock, 500 * 2 ** (attempt - 1), limited);
        }
      }
    });
  }
}

/** In force, as far as the cloud says: a write that failed or goes on leaves the rule in the list all the same. */
function isSettled({ provisioningState }: SecurityRule): boolean {
  return provisioningState === undefined || provisioningState === 'Succeeded';
}

interface RawAnswer {
  headers: { get(name: string): string | undefined };
}
