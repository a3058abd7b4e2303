/**
 * Policies: locking and unlocking VMs. A plan is shown first; what is done is the plan that was confirmed, step by
 * step, journalled so that the next broker finishes what a crash cut off.
 */
import type { Plan, PolicyPort } from '../../../shared/contract/policies.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { refuseUnsupported } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Database, Os } from '../../os/ports.ts';
import { createQueue } from '../../waiting.ts';
import { inParallel } from '../parallel.ts';
import type { Accounts, Activity, Inventory, Policies } from '../services.ts';
import { checkConfirmed, onlyConfirmed } from './confirmed.ts';
import { createOperations, type Operation } from './operations.ts';

/** VMs planned or changed at the same time; each cloud's own limits are its adapter's. */
const atOnce = 8;

export interface PoliciesService extends Policies {
  stop(): void;
}

/** Nothing is finished that a crash cut off before `recover`. */
export function createPolicies(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'log'>;
  accounts: Pick<Accounts, 'cloud' | 'onChange'>;
  inventory: Pick<Inventory, 'find' | 'fresh' | 'changing'>;
  activity: Pick<Activity, 'write'>;
}): PoliciesService {
  const { os, accounts, inventory, activity } = deps;
  const operations = createOperations(deps.db, os.clock);
  /** A VM's changes go one after the other. */
  const changes = createQueue<VmId>();
  let recovering: Promise<void> | undefined;

  const planOne = (kind: Plan['kind'], vm: Vm, ports: PolicyPort[]): Promise<Plan> => {
    const cloud = accounts.cloud(vm.account);
    return kind === 'lock' ? cloud.planLock(vm, ports) : cloud.planUnlock(vm);
  };

  async function plan(
    kind: Plan['kind'],
    refs: string[],
    ports: PolicyPort[],
  ): Promise<{ vm: Vm; plan: Plan }[]> {
    const found = new Map<VmId, Vm>();
    for (const ref of refs) {
      const vm = await inventory.find(ref);
      refuseUnsupported(vm);
      found.set(vm.id, vm);
    }
    return inParallel([...found.values()], atOnce, async vm => ({
      vm,
      plan: await planOne(kind, vm, ports),
    }));
  }

  async function carryOut(kind: Plan['kind'], refs: string[], ports: PolicyPort[], fingerprints: string[]) {
    const planned = await plan(kind, refs, ports);
    checkConfirmed(
      planned.map(({ plan }) => plan),
      fingerprints,
    );
    // One VM's failure leaves the others alone; the first failure is the call's.
    const failures = await inParallel(planned, atOnce, ({ vm, plan }) =>
      changes
        .run(vm.id, () => apply(vm, plan, operations.begin(plan)))
        .then(
          () => undefined,
          (error: unknown) =>
            error instanceof Error ? error : new Error('a change failed', { cause: error }),
        ),
    );
    const failure = failures.find(error => error !== undefined);
    if (failure) throw failure;
    return planned.map(({ plan }) => plan);
  }

  async function apply(vm: Vm, plan: Plan, operation: Operation, again = false): Promise<void> {
    using _ours = inventory.changing(vm.id);
    const correlations: string[] = [];
    const row = {
      kind: plan.kind,
      vm: vm.id,
      vmName: vm.name,
      account: vm.account,
      ports: portsOf(plan),
      correlations,
    };
    try {
      await accounts.cloud(vm.account).apply(
        plan,
        vm,
        async index => operations.step(operation, index),
        undefined,
        correlation => correlations.push(correlation),
      );
    } catch (thrown) {
      const error = toErrorData(thrown);
      operations.failed(operation, error);
      activity.write({
        ...row,
        outcome: 'failed',
        text: `${words(plan.kind)} failed: ${error.message}`,
        error,
      });
      throw thrown;
    } finally {
      // Also after a failure: some steps may be done.
      await inventory
        .fresh(vm.id)
        .catch((error: unknown) => os.log.warn({ vm: vm.id, error }, 'no fresh look after a change'));
    }
    operations.done(operation);
    const foreign = plan.steps.filter(step => step.foreign).map(step => step.what);
    activity.write({
      ...row,
      kind: again ? 'recovered' : plan.kind,
      text: [`${words(plan.kind)}${again ? ' that was cut off is finished' : ' done'}.`, ...foreign].join(
        ' ',
      ),
    });
  }

  /** Plans again and goes on, if that changes nothing of others' that was not confirmed then. */
  async function finish(operation: Operation): Promise<void> {
    const { plan: confirmed } = operation;
    using _ours = inventory.changing(confirmed.vm as VmId);
    try {
      const vm = await inventory.fresh(confirmed.vm as VmId);
      const fresh = await planOne(confirmed.kind, vm, confirmed.policy?.ports ?? defaultPolicy.ports);
      onlyConfirmed(fresh, confirmed);
      await changes.run(vm.id, () => apply(vm, fresh, operation, true));
    } catch (thrown) {
      const error = toErrorData(thrown);
      os.log.warn(
        { vm: confirmed.vm, error: thrown },
        'a lock or unlock that was cut off could not be finished',
      );
      if (mayWorkLater.has(error.code)) {
        operations.putBack(operation);
        return;
      }
      if (operations.isFailed(operation)) return;
      operations.failed(operation, error);
      activity.write({
        kind: confirmed.kind,
        outcome: 'failed',
        vm: confirmed.vm as VmId,
        vmName: confirmed.vmName,
        text: `${words(confirmed.kind)} was cut off and could not be finished: ${error.message}`,
        error,
      });
    }
  }

  function recover(): Promise<void> {
    recovering ??= inParallel(operations.cutOff(), atOnce, finish)
      .then(() => undefined)
      .finally(() => {
        recovering = undefined;
      });
    return recovering;
  }
  let begun = false;
  const listener = accounts.onChange(() => {
    if (!begun) return;
    recover().catch((error: unknown) =>
      os.log.error({ error }, 'locks that were cut off could not be looked at'),
    );
  });

  return {
    planLock: async (vms, ports = defaultPolicy.ports) =>
      (await plan('lock', vms, ports)).map(({ plan }) => plan),
    planUnlock: async vms => (await plan('unlock', vms, [])).map(({ plan }) => plan),
    lock: (vms, ports, fingerprints) => carryOut('lock', vms, ports ?? defaultPolicy.ports, fingerprints),
    unlock: (vms, fingerprints) => carryOut('unlock', vms, [], fingerprints),
    recover() {
      begun = true;
      return recover();
    },
    stop: () => listener[Symbol.dispose](),
  };
}

/** The cloud could not be asked, which says nothing about the plan: tried again when its account is there. */
const mayWorkLater = new Set(['CLOUD_UNREACHABLE', 'CLOUD_UNAUTHORIZED', 'CLOUD_THROTTLED', 'CLOUD_SLOW']);

const words = (kind: Plan['kind']): string => (kind === 'lock' ? 'Lock' : 'Unlock');
const portsOf = (plan: Plan): string | undefined => plan.policy?.ports.map(({ port }) => port).join(', ');
