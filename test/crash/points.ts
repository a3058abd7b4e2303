/**
 * Where a broker can be killed: after every write to the ledger's grants and to a gate. Before a write nothing differs
 * from after the one before it, so that each state a crash can leave is met once.
 */
import type { ConnectPractice } from '../../main/broker/accounts/practiceLink.ts';
import type { Cloud } from '../../main/clouds/cloud.ts';
import type { Databases } from '../../main/os/ports.ts';

/** Called at every point with its label. */
export type Reach = (label: string) => void;

export function databasesWith(reach: Reach, databases: Databases): Databases {
  return {
    open(path) {
      const db = databases.open(path);
      let inside = false;
      const around = <T>(label: string, work: () => T): T => {
        if (inside) return work();
        const result = work();
        reach(label);
        return result;
      };
      return {
        ...db,
        [Symbol.dispose]: () => db[Symbol.dispose](),
        all: (sql, ...values) => db.all(sql, ...values),
        each: (sql, ...values) => db.each(sql, ...values),
        get: (sql, ...values) => db.get(sql, ...values),
        run: (sql, ...values) => {
          const table = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(grants|rules|rule_grants)/.exec(sql)?.[1];
          return table === undefined
            ? db.run(sql, ...values)
            : around(`write of ${table}`, () => db.run(sql, ...values));
        },
        transaction: work =>
          around('transaction', () =>
            db.transaction(() => {
              inside = true;
              try {
                return work();
              } finally {
                inside = false;
              }
            }),
          ),
      };
    },
  };
}

export function cloudsWith(reach: Reach, connect: ConnectPractice): ConnectPractice {
  return async (...args) => {
    const clouds = await connect(...args);
    return clouds.map(cloud => cloudWith(reach, cloud));
  };
}

function cloudWith(reach: Reach, cloud: Cloud): Cloud {
  const around = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const result = await work();
    reach(label);
    return result;
  };
  return {
    ...cloud,
    open: (order, signal) => around('open', () => cloud.open(order, signal)),
    extend: (order, standing, signal) => around('extend', () => cloud.extend(order, standing, signal)),
    close: (gate, names, grants, signal) => around('close', () => cloud.close(gate, names, grants, signal)),
  };
}
