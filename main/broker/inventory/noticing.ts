/** What somebody else changed on a VM's policy or lock, seen by comparing two looks at it: told, never undone. */
import type { VmId } from '../../../shared/domain/ids.ts';
import { changesBetween } from '../../../shared/domain/noticed.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { Activity } from '../services.ts';

export interface Noticer {
  /** Tells what differs between what was known and a newer look, unless it is our own doing. */
  compare(before: Vm | undefined, after: Vm): void;
  /** Until disposed, changes of this VM are our own. */
  changing(id: VmId): Disposable;
}

export function createNoticer(activity: Pick<Activity, 'write'>): Noticer {
  const ours = new Map<VmId, number>();
  return {
    compare(before, after) {
      if (!before || ours.has(after.id)) return;
      for (const text of changesBetween(before, after)) {
        const { id, name, account } = after;
        activity.write({ kind: 'changed', vm: id, vmName: name, account, user: 'somebody else', text });
      }
    },
    changing(id) {
      ours.set(id, (ours.get(id) ?? 0) + 1);
      return {
        [Symbol.dispose]: () => {
          const left = (ours.get(id) ?? 1) - 1;
          if (left > 0) ours.set(id, left);
          else ours.delete(id);
        },
      };
    },
  };
}
