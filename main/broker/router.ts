/** The contract, answered by the services. Thin: ids are parsed, services are called, times become text. */
import { implement } from '@orpc/server';
import type { ActivityFilter } from '../../shared/contract/activity.ts';
import { contract } from '../../shared/contract/index.ts';
import { defenderOf } from '../../shared/domain/defender.ts';
import { isVmId, parseAccountId, parseGrantId, parseVmId, type VmId } from '../../shared/domain/ids.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Broker } from './broker.ts';
import { namedScopes } from './jitWays.ts';

/** A stream without an abort signal (a call inside this process) ends when its reader stops. */
const never = new AbortController().signal;

/** What doors carry. A handler throws what its service throws; doors/errors.ts makes the contract's error of it. */
export function createRouter(broker: Pick<Broker, 'services' | 'info' | 'leave'>) {
  const {
    accounts,
    activity,
    connect,
    doctor,
    egress,
    grants,
    guard,
    history,
    inventory,
    policies,
    settings,
  } = broker.services;
  const on = implement(contract);

  /** The VM a filter names. History outlives VMs: a full id need not be known. */
  async function withVm<T extends ActivityFilter>(filter: T): Promise<T & { vmId?: VmId | undefined }> {
    if (filter.vm === undefined) return filter;
    return {
      ...filter,
      vmId: isVmId(filter.vm) ? parseVmId(filter.vm) : (await inventory.find(filter.vm)).id,
    };
  }

  return on.router({
    accounts: {
      list: on.accounts.list.handler(() => ({ accounts: accounts.list() })),
      watch: on.accounts.watch.handler(({ signal }) => accounts.watch(signal ?? never)),
      addPractice: on.accounts.addPractice.handler(async () => ({ accounts: await accounts.addPractice() })),
      add: on.accounts.add.handler(({ input, signal }) =>
        accounts.add(input.account, input.open, signal ?? never),
      ),
      signIn: on.accounts.signIn.handler(({ input, signal }) =>
        accounts.signIn(parseAccountId(input.id), input.way, input.open, signal ?? never),
      ),
      answer: on.accounts.answer.handler(({ input }) => {
        accounts.answer(input.question, input.answer);
        return {};
      }),
      profiles: on.accounts.profiles.handler(async ({ input }) => ({
        profiles: await accounts.profiles(input.files ?? {}),
      })),
      scopes: on.accounts.scopes.handler(async ({ input }) => ({
        scopes: await accounts.scopes(parseAccountId(input.id)),
      })),
      choose: on.accounts.choose.handler(async ({ input }) => ({
        accounts: await accounts.choose(parseAccountId(input.id), input.scopes),
      })),
      remove: on.accounts.remove.handler(async ({ input }) => ({
        accounts: await accounts.remove(parseAccountId(input.id)),
      })),
    },
    activity: {
      list: on.activity.list.handler(async ({ input }) => {
        history.wanted();
        return activity.list(await withVm(input));
      }),
      refresh: on.activity.refresh.handler(async () => {
        await history.pull();
        return {};
      }),
      csv: on.activity.csv.handler(async ({ input }) => activity.csv(await withVm(input))),
      watch: on.activity.watch.handler(({ signal }) => activity.watch(signal ?? never)),
    },
    app: {
      info: on.app.info.handler(() => broker.info()),
      leave: on.app.leave.handler(() => {
        broker.leave();
        return {};
      }),
    },
    connect: {
      run: on.connect.run.handler(({ input, signal }) => connect.run(input, signal ?? never)),
      sshConfig: on.connect.sshConfig.handler(async ({ input }) => ({
        text: await connect.sshConfig(input.command),
      })),
      settings: {
        get: on.connect.settings.get.handler(async ({ input }) =>
          connect.settings.get((await inventory.find(input.vm)).id),
        ),
        set: on.connect.settings.set.handler(async ({ input }) =>
          connect.settings.set((await inventory.find(input.vm)).id, input.settings),
        ),
      },
    },
    doctor: {
      examine: on.doctor.examine.handler(({ input }) => doctor.examine(input.vm)),
    },
    egress: {
      get: on.egress.get.handler(({ input }) => egress.get(input.refresh ?? false)),
      watch: on.egress.watch.handler(({ signal }) => egress.watch(signal ?? never)),
    },
    grants: {
      preview: on.grants.preview.handler(({ input }) => grants.preview(input)),
      request: on.grants.request.handler(({ input }) => grants.request(input)),
      list: on.grants.list.handler(({ input }) => ({ grants: grants.list(input.all ?? false) })),
      watch: on.grants.watch.handler(({ signal }) => grants.watch(signal ?? never)),
      extend: on.grants.extend.handler(({ input: { grant, forMs, byMs } }) => {
        if ((forMs === undefined) === (byMs === undefined)) {
          throw new LatchkeyError({
            code: 'BAD_INPUT',
            message: 'Say either how long from now (forMs) or by how much longer (byMs).',
          });
        }
        return grants.extend(parseGrantId(grant), { forMs, byMs });
      }),
      revoke: on.grants.revoke.handler(async ({ input }) => ({
        grants: await grants.revoke(
          input.all ? { all: true } : { grants: (input.grants ?? []).map(parseGrantId) },
        ),
      })),
      sweep: on.grants.sweep.handler(() => grants.sweep()),
    },
    guard: {
      status: on.guard.status.handler(async ({ input }) => ({ guards: await guard.status(input) })),
      plan: on.guard.plan.handler(async ({ input: { kind, ...which } }) => ({
        plans: await guard.plan(which, kind),
      })),
      apply: on.guard.apply.handler(async ({ input: { kind, fingerprints, ...which } }) => ({
        guards: await guard.apply(which, kind, fingerprints),
      })),
    },
    policies: {
      get: on.policies.get.handler(async ({ input }) => {
        const vm = await inventory.find(input.vm);
        const { id, name, policy, policyError } = vm;
        const defender = defenderOf(vm);
        return {
          vm: id,
          vmName: name,
          ...(policy === undefined ? {} : { policy }),
          ...(policyError === undefined ? {} : { error: policyError }),
          ...(defender === undefined ? {} : { defender: defender.policyName }),
        };
      }),
      planLock: on.policies.planLock.handler(async ({ input }) => ({
        plans: await policies.planLock(input.vms, input.ports),
      })),
      planUnlock: on.policies.planUnlock.handler(async ({ input }) => ({
        plans: await policies.planUnlock(input.vms),
      })),
      lock: on.policies.lock.handler(async ({ input }) => ({
        plans: await policies.lock(input.vms, input.ports, input.fingerprints),
      })),
      unlock: on.policies.unlock.handler(async ({ input }) => ({
        plans: await policies.unlock(input.vms, input.fingerprints),
      })),
    },
    settings: {
      get: on.settings.get.handler(() => settings.get()),
      set: on.settings.set.handler(({ input }) => {
        if (input.jit === undefined) return settings.set(input);
        const changed = settings.set({ ...input, jit: namedScopes(input.jit, inventory.scopes()) });
        inventory.waysChanged();
        return changed;
      }),
    },
    vms: {
      list: on.vms.list.handler(({ input }) => inventory.list(input)),
      get: on.vms.get.handler(({ input }) => inventory.detail(input.vm)),
      refresh: on.vms.refresh.handler(() => {
        // Its failures stand at the scopes.
        void inventory.refresh();
        return {};
      }),
      watch: on.vms.watch.handler(({ signal }) => inventory.watch(signal ?? never)),
    },
  });
}
