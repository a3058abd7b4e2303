/** The whole contract, answered from the fake world. Only for looking at and testing the window. */
import { implement, ORPCError } from '@orpc/server';
import type { Grant, GrantChange, GrantRequest, RequestPreview } from '../../../shared/contract/grants.ts';
import { contract } from '../../../shared/contract/index.ts';
import type { Plan } from '../../../shared/contract/policies.ts';
import type { VmChange, VmRow } from '../../../shared/contract/vms.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import { connectStages } from './connectStages.ts';
import { findingsOf } from './findings.ts';
import { rowOf, seeds } from './names.ts';
import { planOf } from './plan.ts';
import { fail, previewOf } from './preview.ts';
import { signInSteps } from './signIn.ts';
import { waysOf } from './ways.ts';
import { defaultPolicy, grantOf, listOf, signIn, Topic, type World } from './world.ts';

const subscriptions = ['Production', 'Staging', 'Shared services'];
const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** A router over a world. `pace` 0 answers at once, 1 about as slowly as a cloud. */
export function fakeRouter(world: World, pace = 1) {
  const os = implement(contract);
  const vmTopic = new Topic<VmChange>();
  const grantTopic = new Topic<GrantChange>();
  const accountTopic = new Topic<{ accounts: World['accounts'] }>();
  const activityTopic = new Topic<World['activity'][number]>();
  let vmRev = 1;
  let grantRev = 1;
  const now = (): number => Date.now();

  const find = (ref: string): VmRow =>
    world.rows.get(ref) ??
    [...world.rows.values()].find(row => row.name === ref) ??
    fail({ code: 'VM_NOT_FOUND', message: `No VM is called “${ref}”.`, fix: 'Refresh the list.' });
  const tellVm = (row: VmRow): void => {
    world.rows.set(row.id, row);
    const { counts, scopes } = listOf(world, now());
    vmRev += 1;
    vmTopic.tell({ kind: 'patch', rev: vmRev, upsert: [row], gone: [], counts, scopes });
  };
  const tellGrant = (grant: Grant): Grant => {
    world.grants.set(grant.id, grant);
    grantRev += 1;
    grantTopic.tell({ kind: 'patch', rev: grantRev, upsert: [grant] });
    return grant;
  };
  const log = (row: VmRow, kind: 'request' | 'opened' | 'closed' | 'lock' | 'unlock', text: string): void => {
    const id = (world.activity[0]?.id ?? 0) + 1;
    const entry = {
      id,
      at: new Date().toISOString(),
      kind,
      outcome: 'ok' as const,
      vm: row.id,
      vmName: row.name,
      user: 'ada',
      text,
      origin: 'local' as const,
    };
    world.activity.unshift(entry);
    activityTopic.tell(entry);
  };
  const previewFor = (request: GrantRequest, row: VmRow): RequestPreview =>
    previewOf(request, row, world.policies.get(row.id));
  const errorOf = (thrown: unknown): ErrorData =>
    thrown instanceof ORPCError ? (thrown.data as ErrorData) : { code: 'INTERNAL', message: String(thrown) };
  const open = async (request: GrantRequest, row: VmRow): Promise<Grant> => {
    const preview = previewFor(request, row);
    const id = Array.from({ length: 12 }, () => 'abcdefghijklmnop'[Math.floor(Math.random() * 16)]).join('');
    const base = {
      ...grantOf(row, id, now()),
      ports: preview.ports,
      sources: preview.sources,
      requestedAt: new Date().toISOString(),
      openedAt: undefined,
      endsAt: new Date(now() + preview.forMs).toISOString(),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
    };
    tellGrant({ ...base, state: 'opening' });
    await wait(900 * pace);
    tellVm({ ...row, access: 'open', lastAccess: new Date().toISOString(), lastUser: 'you' });
    log(row, 'opened', `Open for ${preview.sources.join(', ')}.`);
    return tellGrant({ ...base, state: 'open', openedAt: new Date().toISOString() });
  };
  const openGrant = (row: VmRow): Grant | undefined =>
    [...world.grants.values()].find(grant => grant.vm === row.id && grant.state === 'open');
  const each = (vms: string[], kind: 'lock' | 'unlock'): { plans: Plan[] } => ({
    plans: vms.map(vm => planOf(find(vm), kind)),
  });

  return os.router({
    accounts: {
      list: os.accounts.list.handler(() => ({ accounts: world.accounts })),
      watch: os.accounts.watch.handler(({ signal }) =>
        accountTopic.watch([{ accounts: world.accounts }], signal),
      ),
      addPractice: os.accounts.addPractice.handler(async () => {
        await wait(1_500 * pace);
        signIn(
          world,
          new Map(seeds.map((seed, n) => rowOf(seed, n, now())).map(row => [row.id, row])),
          now(),
        );
        accountTopic.tell({ accounts: world.accounts });
        vmRev += 1;
        vmTopic.tell({ kind: 'snapshot', rev: vmRev, ...listOf(world, now()) });
        grantRev += 1;
        grantTopic.tell({ kind: 'snapshot', rev: grantRev, grants: [...world.grants.values()] });
        return { accounts: world.accounts };
      }),
      add: os.accounts.add.handler(async function* ({ input }) {
        yield* signInSteps(world, input.account, () => wait(2_000 * pace));
        accountTopic.tell({ accounts: world.accounts });
      }),
      answer: os.accounts.answer.handler(() => ({})),
      profiles: os.accounts.profiles.handler(() => ({ profiles: world.profiles })),
      signIn: os.accounts.signIn.handler(async function* ({ input }) {
        yield* signInSteps(world, { kind: 'azure', way: input.way ?? 'browser' }, () => wait(2_000 * pace));
        accountTopic.tell({ accounts: world.accounts });
      }),
      scopes: os.accounts.scopes.handler(({ input }) => {
        const chosen = world.accounts.find(({ id }) => id === input.id)?.chosenScopes;
        const names = input.id.startsWith('aws:') ? ['eu-north-1', 'us-east-1'] : subscriptions;
        const all = names.map(name => ({ id: name, name }));
        return { scopes: all.map(scope => ({ ...scope, chosen: chosen?.includes(scope.id) ?? true })) };
      }),
      choose: os.accounts.choose.handler(({ input }) => {
        world.accounts = world.accounts.map(({ chosenScopes, ...one }) => {
          const scopes = one.id === input.id ? input.scopes : chosenScopes;
          return scopes === undefined ? one : { ...one, chosenScopes: scopes };
        });
        accountTopic.tell({ accounts: world.accounts });
        return { accounts: world.accounts };
      }),
      remove: os.accounts.remove.handler(({ input }) =>
        fail({
          code: 'BAD_INPUT',
          message: `${input.id} has grants that are open.`,
          fix: 'Revoke them first.',
        }),
      ),
    },
    activity: {
      list: os.activity.list.handler(async ({ input }) => {
        await wait(40 * pace);
        const text = input.text?.toLowerCase() ?? '';
        const rows = world.activity.filter(
          row =>
            (input.before === undefined || row.id < input.before) &&
            (input.vm === undefined || row.vmName?.includes(input.vm)) &&
            (input.since === undefined || row.at >= input.since) &&
            JSON.stringify(row).toLowerCase().includes(text),
        );
        return { rows: rows.slice(0, input.limit ?? 100), more: rows.length > (input.limit ?? 100) };
      }),
      refresh: os.activity.refresh.handler(async () => {
        await wait(400 * pace);
        return {};
      }),
      csv: os.activity.csv.handler(async function* () {
        yield 'time,kind,vm,text\r\n';
        for (const row of world.activity)
          yield `${row.at},${row.kind},"${row.vmName ?? ''}","${row.text}"\r\n`;
      }),
      watch: os.activity.watch.handler(({ signal }) => activityTopic.watch([], signal)),
    },
    app: {
      info: os.app.info.handler(() => ({
        version: '0.1.0',
        host: 'headless' as const,
        dataDirectory: '/home/ada/.local/share/latchkey',
        user: 'ada',
        pid: 4242,
      })),
      leave: os.app.leave.handler(() => ({})),
    },
    connect: {
      run: os.connect.run.handler(({ input }) =>
        connectStages(find(input.vm), input.start, { known: openGrant, open, wait: ms => wait(ms * pace) }),
      ),
      sshConfig: os.connect.sshConfig.handler(() => ({ text: '' })),
      settings: {
        get: os.connect.settings.get.handler(({ input }) => world.connections.get(input.vm) ?? {}),
        set: os.connect.settings.set.handler(({ input }) => {
          world.connections.set(input.vm, input.settings);
          return input.settings;
        }),
      },
    },
    doctor: {
      examine: os.doctor.examine.handler(async ({ input }) => {
        await wait(900 * pace);
        return findingsOf(input.vm === undefined ? undefined : find(input.vm));
      }),
    },
    egress: {
      get: os.egress.get.handler(() => world.myIp),
      watch: os.egress.watch.handler(({ signal }) => new Topic<World['myIp']>().watch([world.myIp], signal)),
    },
    grants: {
      preview: os.grants.preview.handler(async ({ input }) => {
        await wait(60 * pace);
        const previews: RequestPreview[] = [];
        const failures: { vm: string; error: ErrorData }[] = [];
        for (const vm of input.vms) {
          try {
            previews.push(previewFor(input, find(vm)));
          } catch (thrown) {
            failures.push({ vm, error: errorOf(thrown) });
          }
        }
        return { previews, failures };
      }),
      request: os.grants.request.handler(async ({ input, errors }) => {
        const grants: Grant[] = [];
        const failures: { vm: string; error: ErrorData }[] = [];
        await Promise.all(
          input.vms.map(async vm => {
            try {
              grants.push(await open(input, find(vm)));
            } catch (thrown) {
              failures.push({ vm, error: errorOf(thrown) });
            }
          }),
        );
        const [only] = failures;
        if (input.vms.length === 1 && only !== undefined) throw errors.LATCHKEY({ data: only.error });
        return { grants, failures };
      }),
      list: os.grants.list.handler(() => ({ grants: [...world.grants.values()] })),
      watch: os.grants.watch.handler(({ signal }) =>
        grantTopic.watch([{ kind: 'snapshot', rev: grantRev, grants: [...world.grants.values()] }], signal),
      ),
      extend: os.grants.extend.handler(({ input, errors }) => {
        const grant = world.grants.get(input.grant);
        if (grant === undefined)
          throw errors.LATCHKEY({ data: { code: 'GRANT_NOT_FOUND', message: 'No such grant.' } });
        const end = Date.parse(grant.endsAt) + (input.byMs ?? 0);
        if (end > now() + 3 * 3_600_000)
          throw errors.LATCHKEY({
            data: {
              code: 'TIME_TOO_LONG',
              message: 'That is longer than the policy’s 3 hours from now.',
              fix: 'Extend again later.',
            },
          });
        return tellGrant({ ...grant, endsAt: new Date(end).toISOString() });
      }),
      revoke: os.grants.revoke.handler(async ({ input }) => {
        const chosen = [...world.grants.values()].filter(
          grant => input.all === true || input.grants?.includes(grant.id),
        );
        for (const grant of chosen) if (grant.state !== 'stuck') tellGrant({ ...grant, state: 'closing' });
        await wait(700 * pace);
        const grants = chosen.map(grant => {
          if (grant.state === 'stuck') return grant;
          const row = find(grant.vm);
          tellVm({ ...row, access: row.exposedPorts.length > 0 ? 'exposed' : 'shut' });
          log(row, 'closed', 'Closed; a session that is open may go on.');
          return tellGrant({ ...grant, state: 'closed', closedAt: new Date().toISOString() });
        });
        return { grants };
      }),
      sweep: os.grants.sweep.handler(() => ({ removed: [], left: [], failures: [] })),
    },
    guard: {
      status: os.guard.status.handler(() => ({ guards: [] })),
      plan: os.guard.plan.handler(() => ({ plans: [] })),
      apply: os.guard.apply.handler(() => ({ guards: [] })),
    },
    policies: {
      get: os.policies.get.handler(({ input }) => {
        const row = find(input.vm);
        const policy = world.policies.get(row.id);
        return { vm: row.id, vmName: row.name, ...(policy === undefined ? {} : { policy }) };
      }),
      planLock: os.policies.planLock.handler(async ({ input }) => {
        await wait(300 * pace);
        return each(input.vms, 'lock');
      }),
      planUnlock: os.policies.planUnlock.handler(({ input }) => each(input.vms, 'unlock')),
      lock: os.policies.lock.handler(async ({ input }) => {
        await wait(800 * pace);
        for (const vm of input.vms) {
          const row = find(vm);
          const policy =
            input.ports === undefined ? defaultPolicy([22, 3389, 5985, 5986]) : { ports: input.ports };
          world.policies.set(row.id, policy);
          tellVm({
            ...row,
            tab: 'configured',
            access: 'shut',
            exposedPorts: [],
            protectedPorts: policy.ports.map(({ port }) => port),
          });
          log(row, 'lock', 'Locked.');
        }
        return each(input.vms, 'lock');
      }),
      unlock: os.policies.unlock.handler(({ input }) => {
        for (const vm of input.vms) {
          const row = find(vm);
          world.policies.delete(row.id);
          tellVm({
            ...row,
            tab: 'not-configured',
            access: 'exposed',
            exposedPorts: [22],
            protectedPorts: [],
          });
          log(row, 'unlock', 'Unlocked.');
        }
        return each(input.vms, 'unlock');
      }),
    },
    settings: {
      get: os.settings.get.handler(() => world.settings),
      set: os.settings.set.handler(({ input, errors }) => {
        const bad = input.organisationRanges?.find(range => !/^[0-9a-f.:]+\/\d+$/i.test(range));
        if (bad !== undefined)
          throw errors.LATCHKEY({
            data: {
              code: 'BAD_CIDR',
              message: `“${bad}” is not a CIDR.`,
              fix: 'Write it like 198.51.100.0/24.',
            },
          });
        world.settings = {
          ...world.settings,
          ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
        };
        return world.settings;
      }),
    },
    vms: {
      list: os.vms.list.handler(() => listOf(world, now())),
      get: os.vms.get.handler(async ({ input }) => {
        await wait(150 * pace);
        const row = find(input.vm);
        const policy = world.policies.get(row.id);
        const grant = [...world.grants.values()].find(each => each.vm === row.id && each.state === 'open');
        tellVm({ ...row });
        return { ...row, ...(policy === undefined ? {} : { policy }), ways: waysOf(row, grant) };
      }),
      refresh: os.vms.refresh.handler(() => ({})),
      watch: os.vms.watch.handler(({ signal }) =>
        vmTopic.watch([{ kind: 'snapshot', rev: vmRev, ...listOf(world, now()) }], signal),
      ),
    },
  });
}
