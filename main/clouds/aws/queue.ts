/** Work that must not overlap, by what it works on: two tasks of the same key run one after the other. */

export interface Queue {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** Makes a queue. A task that fails does not stop those behind it. */
export function createQueue(): Queue {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(key, task) {
      const mine = (last.get(key) ?? Promise.resolve()).then(task, task);
      last.set(key, mine);
      try {
        return await mine;
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    },
  };
}
