/**
 * Who ends a grant's rules. Where the account has a guard, each rule has a schedule that revokes it when the last of the
 * grants on it is over; several Latchkeys share rule and schedule.
 *
 * The schedule must fire at the latest end that any live tag on the rule says, and nothing in AWS moves it only if nobody
 * else did meanwhile. So whoever has moved it reads the tags once more: tags are written before the schedule is, hence of
 * any two the one whose schedule was written last sees the other's tag, and moves it again until both agree.
 */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { GateId, GrantId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode } from '../calls.ts';
import type { Connection } from './connection.ts';
import { readMarks } from './grantTags.ts';
import type { GuardRole } from './guardRole.ts';
import { gateRef } from './names.ts';
import { listRules } from './rules.ts';
import {
  createSchedule,
  fireTime,
  moveSchedule,
  type RulePlace,
  removeSchedule,
  scheduleTime,
} from './schedules.ts';

export type EndedBy = 'cloud' | 'this-computer';

/** How long an opening waits for Scheduler: its door is open already, and this computer can end it. Milliseconds. */
const patienceMs = 10_000;

/** What is to be ended: rules of one gate, and what our own grants want of them, which lists may not tell yet. */
export interface ToEnd {
  gate: GateId;
  rules: string[];
  /** Our own grants on the rules, whatever their tags say as listed. */
  grants: GrantId[];
  /** When these need the rules no more, epoch milliseconds; 0: they do not any more. */
  end: number;
}

export interface Ends {
  /** Asks for the guard, in the background, before the answer is needed. */
  prepare(): void;
  /** Rules just made, which nobody else can know of: their schedules, without a look at anything. */
  begin(what: ToEnd, signal?: AbortSignal): Promise<{ endedBy: EndedBy; notes: string[] }>;
  /**
   * Rules that stood before: their schedules are moved to the latest end. `must`: one of them may fire too early if it
   * stays as it is, so failing is an error; so it is where one is seen to fire before `end`. Else it is a note.
   */
  settle(what: ToEnd, must: boolean, signal?: AbortSignal): Promise<{ endedBy: EndedBy; notes: string[] }>;
  /** Rules that are gone: so are their schedules. Never throws: a schedule for a rule that is gone does nothing. */
  over(what: Pick<ToEnd, 'gate' | 'rules'>): Promise<void>;
}

const rounds = 5;

export function createEnds(aws: Connection, guard: GuardRole): Ends {
  /** One round: moves what must be moved. False: something was written, so somebody has to look again. */
  async function round(
    what: ToEnd,
    role: string,
    known: Map<string, number>,
    early: Set<string>,
    signal?: AbortSignal,
  ) {
    const { region, group } = gateRef(what.gate);
    const listed = await listRules(aws, region, [group], signal);
    const now = aws.now();
    const settled = await Promise.all(
      what.rules.map(async rule => {
        const end = latestEnd(
          what,
          listed.find(each => each.SecurityGroupRuleId === rule),
          now,
        );
        if (end === undefined) return true;
        const place = { region, group, rule };
        const at = known.get(rule) ?? (await scheduleTime(aws, place, signal));
        const wanted = fireTime(end, now);
        if (at !== undefined && at < fireTime(what.end, 0)) early.add(rule);
        else early.delete(rule);
        if (at === wanted || at === fireTime(end, 0)) return true;
        const done = await (at === undefined
          ? createSchedule(aws, place, role, wanted, signal)
          : moveSchedule(aws, place, role, wanted, signal)
        ).catch((error: unknown) => {
          if (at === undefined || at < wanted || signal?.aborted) throw error;
          aws.log.warn(
            { error: String(error), rule },
            'a schedule that fires late could not be moved forward',
          );
          known.set(rule, wanted);
          return 'left' as const;
        });
        if (done === 'left') return true;
        // Somebody made or ended it just now: what there is, is asked anew.
        if (done) known.set(rule, wanted);
        else known.delete(rule);
        return false;
      }),
    );
    return settled.every(Boolean);
  }

  function failed(error: unknown, told: boolean, must: boolean, sure = told) {
    if (!(error instanceof LatchkeyError) || error.code === 'CANCELLED' || must) throw error;
    // A role that was just made is not known to Scheduler at once: that one is tried again next time.
    if (!sure && refusesRole(error)) guard.refused();
    aws.log.warn({ error: error.toData() }, 'no schedule could be written for a rule');
    const note = `AWS could not be told to end this by itself (${error.message}): this computer ends it.`;
    return { endedBy: 'this-computer' as const, notes: told ? [note] : [] };
  }

  const ends: Ends = {
    prepare: () => guard.look(),
    async begin(what, signal) {
      const role = await guard.find(false, signal);
      if (role === undefined || what.rules.length === 0) return { endedBy: 'this-computer', notes: [] };
      try {
        const at = fireTime(what.end, aws.now());
        const made = await inTime(aws, signal, enough =>
          Promise.all(
            what.rules.map(rule => createSchedule(aws, placeOf(what.gate, rule), role.arn, at, enough)),
          ),
        );
        // A colleague came upon the rule at once, and was quicker.
        if (made.every(Boolean)) return { endedBy: 'cloud', notes: [] };
      } catch (error) {
        return failed(error, role.sure, false);
      }
      return await ends.settle(what, false, signal);
    },
    async settle(what, must, signal) {
      if (what.rules.length === 0) return { endedBy: 'this-computer', notes: [] };
      // Others may have given the rule a schedule: it must not fire too early because IAM is slow today.
      const role = await guard.find(true, signal);
      if (role === undefined) return { endedBy: 'this-computer', notes: [] };
      const known = new Map<string, number>();
      /** Seen to have a schedule, a colleague's perhaps, that would shut them before their time. */
      const early = new Set<string>();
      try {
        for (let i = 0; i < rounds; i++) {
          const done = await inTime(aws, signal, enough => round(what, role.arn, known, early, enough));
          if (done) return { endedBy: 'cloud', notes: [] };
        }
        throw new LatchkeyError({
          code: 'CLOUD_CONFLICT',
          message: 'Others keep moving the end of the same security group rule.',
          fix: 'Try again in a minute.',
        });
      } catch (error) {
        return failed(error, true, must || early.size > 0, role.sure);
      }
    },
    async over({ gate, rules }) {
      if (rules.length === 0 || (await guard.find(false)) === undefined) return;
      const { region } = gateRef(gate);
      await Promise.all(
        rules.map(rule =>
          inTime(aws, undefined, enough => removeSchedule(aws, region, rule, enough)).catch(
            (error: unknown) =>
              aws.log.warn({ error: String(error), rule }, "a gone rule's schedule could not be removed"),
          ),
        ),
      );
    },
  };
  return ends;
}

/** The latest end that anybody needs the rule until; undefined when nobody does, or it is not there. */
function latestEnd(what: ToEnd, rule: SecurityGroupRule | undefined, now: number): number | undefined {
  const others = (rule && readMarks(rule)?.grants) ?? [];
  const ends = others.filter(({ grant }) => !what.grants.includes(grant)).map(({ end }) => end);
  const live = [...ends, what.end].filter(end => end > now);
  return live.length === 0 ? undefined : Math.max(...live);
}

function placeOf(gate: GateId, rule: string): RulePlace {
  return { ...gateRef(gate), rule };
}

/** Scheduler may not be called by us, may not be given the role, or the role is not there or does not trust it. */
function refusesRole(error: LatchkeyError): boolean {
  return ['AccessDenied', 'AccessDeniedException', 'ValidationException', 'InvalidAction'].includes(
    cloudCode(error) ?? '',
  );
}

/** Work that is cut off after `patienceMs`: then it throws CLOUD_SLOW. */
async function inTime<T>(
  aws: Connection,
  signal: AbortSignal | undefined,
  work: (enough: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  using _timer = aws.clock.after(patienceMs, () => late.abort());
  try {
    return await work(AbortSignal.any(signal === undefined ? [late.signal] : [late.signal, signal]));
  } catch (error) {
    if (!late.signal.aborted || signal?.aborted) throw error;
    throw new LatchkeyError({
      code: 'CLOUD_SLOW',
      message: `EventBridge Scheduler gave no answer within ${patienceMs / 1000} s.`,
      fix: 'Try again; the network may not lead to Scheduler at all.',
    });
  }
}
