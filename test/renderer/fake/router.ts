/** The whole contract, answered from the fake world. Only for looking at and testing the window. */
import { implement, ORPCError } from '@orpc/server';
import type { ConnectEvent } from '../../../shared/contract/connect.ts';
import type { Grant, GrantChange, GrantRequest, RequestPreview } from '../../../shared/contract/grants.ts';
import { contract } from '../../../shared/contract/index.ts';
import type { Plan } from '../../../shared/contract/policies.ts';
import type { VmChange, VmRow } from '../../../shared/contract/vms.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import { rowOf, seeds } from './names.ts';
import { waysOf } from './ways.ts';
import { defaultPolicy, grantOf, listOf, signIn, Topic, type World } from './world.ts';

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

  const fail = (data: ErrorData): never => {
    throw new ORPCError('LATCHKEY', { status: 422, data });
  };
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
    };
    world.activity.unshift(entry);
    activityTopic.tell(entry);
  };
  const previewOf = (request: GrantRequest, row: VmRow): RequestPreview => {
    const policy =
      world.policies.get(row.id) ??
      fail({ code: 'NOT_CONFIGURED', message: `${row.name} is not configured.`, fix: 'Lock it first.' });
    const usual =
      policy.ports.find(({ port }) => port === (row.os === 'windows' ? 3389 : 22)) ?? policy.ports[0];
    const ports = request.ports ?? (usual === undefined ? [] : [usual]);
    for (const { port } of ports) {
      if (!policy.ports.some(each => each.port === port))
        fail({
          code: 'PORT_NOT_IN_POLICY',
          message: `Port ${port} is not in the policy of ${row.name}.`,
          fix: 'Choose one that is, or edit the policy.',
        });
    }
    const sources = (request.sources ?? ['my-ip']).map(source =>
      source === 'my-ip' ? '203.0.113.7/32' : source === 'policy' ? '198.51.100.0/24' : source,
    );
    for (const source of sources) {
      if (!/^[0-9a-f.:]+(\/\d+)?$/i.test(source))
        fail({
          code: 'BAD_CIDR',
          message: `“${source}” is neither an address nor a CIDR.`,
          fix: 'Write it like 203.0.113.7 or 203.0.113.0/28.',
        });
    }
    const gates =
      row.cloud === 'azure'
        ? ['NSG nsg-web', `NSG ${row.name.slice(0, 30)}-nic`]
        : [`security group latchkey-${row.name.slice(0, 30)}`];
    return {
      vm: row.id,
      vmName: row.name,
      ports: ports.map(({ port }) => ({ port, protocol: 'tcp' })),
      sources,
      forMs: request.forMs ?? 3_600_000,
      writes: gates.map(
        gate => `${gate}: let ${sources.join(', ')} in to port ${ports.map(({ port }) => port).join(', ')}`,
      ),
      notes:
        row.cloud === 'azure'
          ? ['This computer shuts it again; if it is off then, the next Latchkey that looks does.']
          : [],
    };
  };
  const errorOf = (thrown: unknown): ErrorData =>
    thrown instanceof ORPCError ? (thrown.data as ErrorData) : { code: 'INTERNAL', message: String(thrown) };
  const open = async (request: GrantRequest, row: VmRow): Promise<Grant> => {
    const preview = previewOf(request, row);
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
  const planOf = (row: VmRow, kind: 'lock' | 'unlock'): Plan => ({
    vm: row.id,
    vmName: row.name,
    cloud: row.cloud,
    kind,
    steps: [
      {
        action: 'tag',
        target: row.name,
        what: 'The policy is written to the VM’s tag latchkey-policy.',
        foreign: false,
      },
      {
        action: 'create',
        target: 'nsg-web',
        what: 'A deny rule latchkey-lock-9c1e at 200 for ports 22, 3389, 5985, 5986.',
        foreign: false,
      },
      ...(row.exposedPorts.length > 0
        ? [
            {
              action: 'move' as const,
              target: 'nsg-web / AllowSshFromAnywhere',
              what: 'The rule would let everybody through above the lock, so it moves below it.',
              foreign: true,
              before: 'priority 120',
              after: 'priority 310',
            },
          ]
        : []),
    ],
    warnings: row.power === 'stopped' ? ['The VM is stopped; the lock holds from its next start.'] : [],
    alsoAffects: row.name.includes('shared') ? ['data-shared-b', 'spark-driver'] : [],
    fingerprint: `${row.id}-${kind}`,
  });
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
      run: os.connect.run.handler(async function* ({ input }): AsyncGenerator<ConnectEvent> {
        const row = find(input.vm);
        const at = (): string => new Date().toISOString();
        const stage = async function* (
          name: 'my-ip' | 'asked' | 'rule' | 'answers' | 'client',
          ms: number,
          text: string,
          usual?: string,
        ): AsyncGenerator<ConnectEvent> {
          yield {
            kind: 'stage',
            stage: name,
            state: 'begun',
            at: at(),
            text,
            ...(usual === undefined ? {} : { usual }),
          };
          await wait(ms * pace);
          yield { kind: 'stage', stage: name, state: 'done', at: at(), ms, text };
        };
        yield* stage('my-ip', 12, 'You are seen from 203.0.113.7');
        const known = [...world.grants.values()].find(grant => grant.vm === row.id && grant.state === 'open');
        yield* stage('asked', 180, known === undefined ? 'Port 22 for an hour' : 'A grant is open already');
        yield {
          kind: 'stage',
          stage: 'rule',
          state: 'begun',
          at: at(),
          text: 'Writing the rule',
          usual: '1 to 3 s',
        };
        const granted = known ?? (await open({ vms: [row.id] }, row));
        yield {
          kind: 'stage',
          stage: 'rule',
          state: 'done',
          at: at(),
          ms: 910,
          text: 'latchkey-7f3a-22 in nsg-web',
        };
        yield {
          kind: 'stage',
          stage: 'answers',
          state: 'begun',
          at: at(),
          text: `Waiting for ${row.addresses.public[0] ?? ''}:22`,
          usual: '2 to 20 s',
        };
        await wait(2_000 * pace);
        if (row.name === 'api-test-2') {
          yield {
            kind: 'stage',
            stage: 'answers',
            state: 'failed',
            at: at(),
            ms: 2_000,
            text: 'No first bytes',
          };
          yield {
            kind: 'failed',
            error: {
              code: 'NO_ANSWER',
              message: 'The port is open for you, but nothing answers on it.',
              fix: 'Is an SSH server running on the VM? Its own firewall may stop you.',
            },
          };
          return;
        }
        yield {
          kind: 'stage',
          stage: 'answers',
          state: 'done',
          at: at(),
          ms: 2_000,
          text: 'SSH-2.0-OpenSSH_9.6',
        };
        const [endpoint] = row.endpoints;
        if (endpoint === undefined) return;
        const launch = {
          argv: ['ssh', '-o', 'StrictHostKeyChecking=yes', '-p', '22', '--', `ada@${endpoint.host}`],
        };
        if (row.name !== 'web-2') yield* stage('client', 300, 'Your terminal with ssh');
        else
          yield { kind: 'stage', stage: 'client', state: 'failed', at: at(), text: 'No terminal was found' };
        yield { kind: 'ready', grant: granted, endpoint, banner: 'OpenSSH 9.6', launch };
      }),
      sshConfig: os.connect.sshConfig.handler(() => ({ text: '' })),
      settings: {
        get: os.connect.settings.get.handler(({ input }) => world.connections.get(input.vm) ?? {}),
        set: os.connect.settings.set.handler(({ input }) => {
          world.connections.set(input.vm, input.settings);
          return input.settings;
        }),
      },
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
            previews.push(previewOf(input, find(vm)));
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
