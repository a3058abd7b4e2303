/** The journal of locks and unlocks: written before each step, gone when the last one is done. */
import { type Plan, plan as planShape } from '../../../shared/contract/policies.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { Clock, Database } from '../../os/ports.ts';

export interface Operation {
  id: number;
  plan: Plan;
}

/** Instants are epoch milliseconds, plans are kept as the contract's JSON. Throws DISK_FULL. */
export function createOperations(db: Database, clock: Clock) {
  /** Begun by this process and not cut off. */
  const ours = new Set<number>();
  return {
    begin(plan: Plan): Operation {
      const { lastId } = db.run(
        `INSERT INTO operation (vm, kind, plan, state, started_at) VALUES (?, ?, ?, 'running', ?)`,
        plan.vm,
        plan.kind,
        JSON.stringify(plan),
        clock.now(),
      );
      ours.add(lastId);
      return { id: lastId, plan };
    },
    step(operation: Operation, index: number): void {
      db.run('UPDATE operation SET step = ? WHERE id = ?', index, operation.id);
    },
    done(operation: Operation): void {
      db.run('DELETE FROM operation WHERE id = ?', operation.id);
      ours.delete(operation.id);
    },
    failed(operation: Operation, error: ErrorData): void {
      db.run(
        `UPDATE operation SET state = 'failed', error = ? WHERE id = ?`,
        JSON.stringify(error),
        operation.id,
      );
      ours.delete(operation.id);
    },
    isFailed(operation: Operation): boolean {
      return db.get('SELECT state FROM operation WHERE id = ?', operation.id)?.state === 'failed';
    },
    /** Those of a process that is gone. From now on they are this one's. */
    cutOff(): Operation[] {
      const rows = db.all(`SELECT id, plan FROM operation WHERE state = 'running' ORDER BY id`);
      const left = rows.filter(row => !ours.has(Number(row.id)));
      for (const row of left) ours.add(Number(row.id));
      return left.map(row => ({
        id: Number(row.id),
        plan: planShape.parse(JSON.parse(String(row.plan))),
      }));
    },
    /** Leaves it for another try. */
    putBack(operation: Operation): void {
      db.run(`UPDATE operation SET state = 'running', error = NULL WHERE id = ?`, operation.id);
      ours.delete(operation.id);
    },
  };
}
