/**
 * What this process knows of the low priorities (100–299) of each NSG, from lists, fresh looks and its own writes: so
 * that a grant can be written at a free priority without reading first. Wrong knowledge costs one more exchange
 * (SecurityRuleConflict), never a wrong rule.
 */
import type { GateId } from '../../../shared/domain/ids.ts';
import { isLock } from '../../../shared/domain/lockMark.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

/** Grants live at these priorities, locks at those after them (DESIGN section 3). */
export const grantPriorities = { from: 100, to: 199 } as const;
export const lockPriorities = { from: 200, to: 299 } as const;

interface Known {
  priority: number;
  /** A deny of somebody else: a grant below it would be void. */
  foreignDeny: boolean;
}

/** A rule as ARM or our model writes it. */
interface SeenRule {
  name?: string | undefined;
  priority?: number | undefined;
  access?: string | undefined;
  direction?: string | undefined;
  description?: string | undefined;
}

/** Empty for a gate that nothing was learnt of: then every priority seems free. */
export class KnownRules {
  #gates = new Map<GateId, Map<string, Known>>();

  /** Takes all rules of a gate as just read. */
  learn(gate: GateId, rules: SeenRule[]): void {
    const known = new Map<string, Known>();
    for (const { name = '', priority, access, direction, description } of rules) {
      if (priority === undefined || priority > lockPriorities.to) continue;
      // Outbound rules have priorities of their own.
      if (direction?.toLowerCase() === 'outbound') continue;
      const foreignDeny = access?.toLowerCase() === 'deny' && !isLock(name, description);
      known.set(name.toLowerCase(), { priority, foreignDeny });
    }
    this.#gates.set(gate, known);
  }

  wrote(gate: GateId, name: string, priority: number): void {
    const known = this.#gates.get(gate) ?? new Map<string, Known>();
    known.set(name.toLowerCase(), { priority, foreignDeny: false });
    this.#gates.set(gate, known);
  }

  forget(gate: GateId, name: string): void {
    this.#gates.get(gate)?.delete(name.toLowerCase());
  }

  priorityOf(gate: GateId, name: string): number | undefined {
    return this.#gates.get(gate)?.get(name.toLowerCase())?.priority;
  }

  /** Is there, as far as is known, a priority for a grant's rule? */
  hasRoom(gate: GateId, name: string): boolean {
    const has = this.priorityOf(gate, name);
    return (has !== undefined && isForGrants(has)) || this.#free(gate).length > 0;
  }

  #free(gate: GateId): number[] {
    const taken = new Set(
      this.#gates
        .get(gate)
        ?.values()
        .map(rule => rule.priority) ?? [],
    );
    const free: number[] = [];
    for (let p = grantPriorities.from; p <= grantPriorities.to; p++) if (!taken.has(p)) free.push(p);
    return free;
  }

  /**
   * A priority for a grant's rule: the one it has, else a free one, before every foreign deny where there is room. Which
   * of the free ones is left to `chance` (0 to 1): two Latchkeys that know the same seldom want the same.
   * Throws CLOUD_QUOTA if all hundred are taken.
   */
  priorityForGrant(gate: GateId, name: string, chance: number): number {
    const rules = [...(this.#gates.get(gate)?.values() ?? [])];
    const has = this.priorityOf(gate, name);
    if (has !== undefined && isForGrants(has)) return has;
    const free = this.#free(gate);
    const firstDeny = Math.min(...rules.filter(rule => rule.foreignDeny).map(rule => rule.priority));
    const before = free.filter(p => p < firstDeny);
    const choice = before.length > 0 ? before : free;
    const found = choice[Math.min(choice.length - 1, Math.floor(chance * choice.length))];
    if (found !== undefined) return found;
    throw new LatchkeyError({
      code: 'CLOUD_QUOTA',
      message:
        'All priorities from 100 to 199 of this network security group are taken: each grant needs one of them.',
      fix: 'End grants that nobody needs (`latchkey grants`), or move rules of others in this NSG to 300 and above.',
      detail: { gate },
    });
  }
}

function isForGrants(priority: number): boolean {
  return priority >= grantPriorities.from && priority <= grantPriorities.to;
}
