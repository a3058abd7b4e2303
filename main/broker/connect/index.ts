/**
 * Connect: the whole way from a VM's name to a started client, in stages that are told as they happen. Also the
 * per-VM connection settings and the entries for ssh's configuration.
 */
import type { ConnectEvent, ConnectInput, Launch } from '../../../shared/contract/connect.ts';
import type { Grant } from '../../../shared/contract/grants.ts';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import { safeFileName, showName } from '../../../shared/domain/hostile.ts';
import { parseGrantId, type VmId } from '../../../shared/domain/ids.ts';
import { maxTime } from '../../../shared/domain/request.ts';
import { policyInForce } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import { pushKey } from '../../clouds/cloud.ts';
import type { Database, Os } from '../../os/ports.ts';
import type { Accounts, Activity, Egress, Grants, Inventory } from '../services.ts';
import { openGrant } from './access.ts';
import { clientProgram, findSsh, rdpLaunch, startInTerminal } from './clients.ts';
import { checkHostKeys } from './hostKeyCheck.ts';
import { createKnownHosts, hostKeyAlias } from './knownHosts.ts';
import { type Speaks, untilAnswer } from './probe.ts';
import { pushedUser } from './pushedKey.ts';
import { rdpFile } from './rdpFile.ts';
import { type ConnectionSettingsStore, createConnectionSettings } from './settings.ts';
import { sshArgv } from './sshCommand.ts';
import { sshConfig } from './sshConfig.ts';
import { createStages } from './stages.ts';

const answerWithinMs = 180_000;

export interface Connect {
  /** Stages, then `ready` or `failed`. Never throws; ends in silence when the signal aborts. */
  run(input: ConnectInput, signal: AbortSignal): AsyncGenerator<ConnectEvent>;
  /** The text for ssh's configuration. `command`: the words that start Latchkey's command line. */
  sshConfig(command: string[]): Promise<string>;
  settings: ConnectionSettingsStore;
  /** The program a client of this kind is started with. Throws CLIENT_MISSING. */
  client(kind: 'ssh' | 'rdp'): Promise<string>;
}

type Client = NonNullable<ConnectInput['client']>;

interface Target {
  vm: Vm;
  client: Client;
  port: number;
  speaks: Speaks | undefined;
  endpoint: Endpoint;
}

/** A port behind a firewall has no endpoint before a grant has opened one. */
type Wanted = Omit<Target, 'endpoint'> & { endpoint: Endpoint | undefined };

/** `dataDirectory`: where known_hosts and the files for clients are written. */
export function createConnect(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'tcp' | 'processes' | 'files' | 'log' | 'keyAgent'>;
  dataDirectory: string;
  accounts: Pick<Accounts, 'cloud'>;
  inventory: Pick<Inventory, 'find' | 'fresh' | 'list' | 'get'>;
  egress: Pick<Egress, 'sources'>;
  grants: Pick<Grants, 'liveOn' | 'request' | 'onChange'>;
  activity: Pick<Activity, 'write'>;
}): Connect {
  const { os, accounts, inventory, egress, grants, activity, dataDirectory } = deps;
  const settings = createConnectionSettings(deps.db);
  const knownHosts = createKnownHosts(os.files, dataDirectory);
  const folder = `${dataDirectory}/connections`;
  const asking = new Map<VmId, Promise<void>>();

  async function target(input: ConnectInput): Promise<Wanted> {
    // Whoever can call us must not be able to start programs: options of ssh and FreeRDP (`/rdp2tcp:…`) do.
    if (input.start === 'broker' && (input.clientArguments?.length ?? 0) > 0) {
      throw new LatchkeyError({
        code: 'BAD_INPUT',
        message: 'Arguments for the client can only be given on the command line.',
      });
    }
    const vm = await inventory.find(input.vm);
    const chosen = settings.get(vm.id);
    const byPort = input.port === 3389 ? 'rdp' : input.port === 22 ? 'ssh' : undefined;
    const client = input.client ?? byPort ?? (vm.os === 'windows' ? 'rdp' : 'ssh');
    const usualPort = client === 'rdp' || (client === 'none' && vm.os === 'windows') ? 3389 : 22;
    const port = input.port ?? chosen.port ?? usualPort;
    const [endpoint] = accounts.cloud(vm.account).endpoints(vm, [port]);
    if (chosen.address !== undefined) {
      return {
        vm,
        client,
        port,
        speaks: speaks(client, port),
        endpoint: { port, host: chosen.address, hostPort: port },
      };
    }
    if (endpoint || vm.firewall) return { vm, client, port, speaks: speaks(client, port), endpoint };
    // Where no policy has the port, that is what to tell.
    maxTime(policyInForce(vm), [{ port, protocol: 'tcp' }]);
    throw new LatchkeyError({
      code: 'UNSUPPORTED',
      message: `${vm.name} has no address that can be reached from here.`,
      fix: 'Set an address for it in its connection settings.',
    });
  }

  async function* stagesOf(
    input: ConnectInput,
    wish: Wanted,
    signal: AbortSignal,
  ): AsyncGenerator<ConnectEvent> {
    const { vm, client, port } = wish;
    const stages = createStages(os.clock, vm.firewall ? 'firewall' : vm.cloud);
    try {
      yield stages.begin('my-ip', 'Looking from which address you will be seen.');
      const sources = await egress.sources(vm, input.sources ?? ['my-ip'], [port]);
      yield stages.done(`You are seen as ${sources.join(', ')}.`);

      const { grant: only, forMs, reason } = input;
      const wanted = { vm, port, sources, grant: only, forMs, reason, signal };
      const grant = yield* openGrant({ grants, clock: os.clock, asking }, stages, wanted);
      if (signal.aborted) return;
      const to = { ...wish, endpoint: endpointBy(grant, wish, settings.get(vm.id).address !== undefined) };
      const { endpoint } = to;

      const place = `${endpoint.host} port ${endpoint.hostPort}`;
      yield stages.begin('answers', `Waiting for ${place} to answer.`);
      const banner = await answer(to, sources, signal);
      yield stages.done(
        banner === undefined ? 'Only the client can ask this one.' : `${place} answers: ${banner}`,
      );

      const pushed =
        to.speaks === 'ssh' && client !== 'rdp' ? pushedUser(input, settings.get(vm.id)) : undefined;
      if (pushed !== undefined) {
        yield stages.begin('key', `Putting a key for ${pushed} on ${vm.name}.`);
        const { publicKey } = await os.keyAgent.open();
        await pushKey(accounts.cloud(vm.account), vm, { user: pushed, publicKey }, signal);
        yield stages.done(`It lets ${pushed} in for a minute.`);
      }

      yield stages.begin(
        'client',
        client === 'none' ? 'Getting ready.' : `Starting ${client.toUpperCase()}.`,
      );
      const launch = await prepare(input, to, pushed);
      yield stages.done(
        client === 'none' ? 'Ready.' : input.start === 'caller' ? 'Ready to start.' : 'Started.',
      );
      activity.write({
        kind: 'connect',
        vm: vm.id,
        vmName: vm.name,
        account: vm.account,
        grant: parseGrantId(grant.id),
        ports: String(port),
        source: sources.join(' '),
        text: `Connected to ${place}${client === 'none' ? '' : ` with ${client.toUpperCase()}`}.`,
      });
      yield {
        kind: 'ready',
        grant,
        endpoint,
        ...(banner === undefined ? {} : { banner }),
        ...(launch === undefined ? {} : { launch }),
      };
    } catch (thrown) {
      if (signal.aborted) return;
      yield stages.failed(toErrorData(thrown).message);
      throw thrown;
    }
  }

  /** The first line of what answers; undefined where only the client can ask. Adds to NO_ANSWER who stops the way, where that can be seen. */
  async function answer(to: Target, sources: string[], signal: AbortSignal): Promise<string | undefined> {
    const { vm, port, endpoint } = to;
    if (to.speaks === undefined || settings.get(vm.id).jumpHost !== undefined) return undefined;
    try {
      return await untilAnswer(os, endpoint, { speaks: to.speaks, timeoutMs: answerWithinMs, signal });
    } catch (thrown) {
      if (!(thrown instanceof LatchkeyError) || thrown.code !== 'NO_ANSWER') throw thrown;
      const stop = await whoStops(vm.id, port, sources).catch((error: unknown) => {
        os.log.warn({ vm: vm.id, error }, 'no fresh look after a port did not answer');
        return undefined;
      });
      const ways = await otherWays(vm);
      if (stop === undefined && ways === '') throw thrown;
      const { message, fix = '' } = thrown;
      const told = stop === undefined ? message : `${message} ${stop}`;
      throw new LatchkeyError(
        { ...thrown.toData(), message: told, fix: `${fix} ${ways}`.trim() || undefined },
        { cause: thrown },
      );
    }
  }

  /** What the cloud has itself for a VM that is not reached from here; nothing where there is none. */
  async function otherWays(vm: Vm): Promise<string> {
    const ways = await accounts
      .cloud(vm.account)
      .otherWays?.(vm)
      .catch((error: unknown) => {
        os.log.warn({ vm: vm.id, error }, 'other ways could not be looked for');
        return [];
      });
    return (ways ?? []).map(({ text, command }) => `${text} \`${command.join(' ')}\``).join(' ');
  }

  async function whoStops(id: VmId, port: number, sources: string[]): Promise<string | undefined> {
    const vm = await inventory.fresh(id);
    for (const source of sources) {
      const { hops } = wayTo(vm, { port, protocol: 'tcp', source });
      const hop = hops.find(({ lets }) => lets === 'no');
      if (hop)
        return `${hop.title} stops it${hop.rule === undefined ? '' : `: rule ${hop.rule}`}${hop.note === undefined ? '' : ` (${hop.note})`}.`;
    }
    return undefined;
  }

  async function prepare(
    input: ConnectInput,
    to: Target,
    pushed: string | undefined,
  ): Promise<Launch | undefined> {
    const { vm, client, port, endpoint } = to;
    const start = input.start === 'broker';
    switch (client) {
      case 'none':
        if (to.speaks === 'ssh') await hostKeys(vm);
        return undefined;
      case 'ssh': {
        const keys = await hostKeys(vm);
        const own = settings.get(vm.id);
        const agent = pushed === undefined ? undefined : (await os.keyAgent.open()).path;
        const argv = (ssh: string): string[] =>
          sshArgv(ssh, {
            endpoint,
            hostKeys: keys.length > 0 ? { alias: hostKeyAlias(vm.id), file: knownHosts.path } : undefined,
            settings: pushed === undefined ? own : { ...own, user: pushed },
            agent,
            clientArguments: input.clientArguments ?? [],
            platform: os.processes.platform,
          });
        const command = argv(await findSsh(os, argv));
        if (settings.get(vm.id).jumpHost === undefined) {
          await checkHostKeys(os.processes, vm.name, endpoint, keys);
        }
        if (start) {
          await os.files.ensureFolder(folder);
          const script = `${folder}/${fileName(vm, port)}.command`;
          await orByHand(command, startInTerminal(os, command, script));
        }
        return { argv: command };
      }
      case 'rdp': {
        await os.files.ensureFolder(folder);
        const file = `${folder}/${fileName(vm, port)}.rdp`;
        await os.files.writeText(file, rdpFile(endpoint, settings.get(vm.id)));
        const { asks, argv } = await rdpLaunch(os, file);
        const command = [...argv, ...(input.clientArguments ?? [])];
        if (start && asks) await orByHand(command, startInTerminal(os, command, `${file}.command`));
        else if (start) await orByHand(command, os.processes.launch(command));
        return { argv: command, file };
      }
    }
  }

  /** What the cloud tells, put into the file that ssh reads; else what it told before. */
  async function hostKeys(vm: Vm): Promise<string[]> {
    return knownHosts.remember(vm.id, await accounts.cloud(vm.account).hostKeys(vm));
  }

  return {
    settings,
    client: kind => clientProgram(os, kind),
    async *run(input, signal) {
      let vm: Vm | undefined;
      try {
        const to = await target(input);
        vm = to.vm;
        yield* stagesOf(input, to, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        const error = toErrorData(thrown);
        os.log.warn({ vm: vm?.id, error: thrown }, 'connecting failed');
        activity.write({
          kind: 'connect',
          outcome: 'failed',
          vm: vm?.id,
          vmName: vm?.name ?? input.vm,
          account: vm?.account,
          ports: input.port === undefined ? undefined : String(input.port),
          text: `Connecting to ${showName(vm?.name ?? input.vm)} failed: ${error.message}`,
          error,
        });
        yield { kind: 'failed', error };
      }
    },
    async sshConfig(command) {
      const { vms } = await inventory.list({ tab: 'configured' });
      return sshConfig(
        vms
          .flatMap(({ id }) => inventory.get(id as VmId) ?? [])
          .map(vm => ({ vm, settings: settings.get(vm.id) })),
        {
          command,
          knownHosts: knownHosts.path,
          agent: (await os.keyAgent.open()).path,
          platform: os.processes.platform,
        },
      );
    },
  };
}

/** Where the grant leads, else where the port is anyway; an address that the person chose counts before both. Throws UNSUPPORTED. */
function endpointBy(grant: Grant, { vm, port, endpoint }: Wanted, chosen: boolean): Endpoint {
  const mapped = chosen ? undefined : grant.endpoints?.find(one => one.port === port);
  const found = mapped ?? endpoint;
  if (found) return found;
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `${vm.name} has no address that can be reached from here.`,
    fix: 'Set an address for it in its connection settings.',
  });
}

/** Where a client can't be started, its error carries in `detail.argv` what a person can start. */
async function orByHand(argv: string[], starting: Promise<unknown>): Promise<void> {
  try {
    await starting;
  } catch (thrown) {
    if (!(thrown instanceof LatchkeyError)) throw thrown;
    throw new LatchkeyError({ ...thrown.toData(), detail: { ...thrown.detail, argv } }, { cause: thrown });
  }
}

function speaks(client: Client, port: number): Speaks | undefined {
  if (client === 'ssh' || port === 22) return 'ssh';
  if (client === 'rdp' || port === 3389) return 'rdp';
  return port === 5985 ? 'http' : undefined;
}

/** Two VMs of one name get two files. */
function fileName(vm: Vm, port: number): string {
  return `${safeFileName(vm.name)}-${port}-${hostKeyAlias(vm.id).slice(0, 6)}`;
}
