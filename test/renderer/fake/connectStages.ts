/** Connecting as the fake tells it: api-test-2 never answers, web-2 has no terminal to start, all others do. */
import type { ConnectEvent, StageName } from '../../../shared/contract/connect.ts';
import type { Grant, GrantRequest } from '../../../shared/contract/grants.ts';
import type { VmRow } from '../../../shared/contract/vms.ts';

interface Services {
  known: (row: VmRow) => Grant | undefined;
  open: (request: GrantRequest, row: VmRow) => Promise<Grant>;
  wait: (ms: number) => Promise<void>;
}

export async function* connectStages(
  row: VmRow,
  start: 'broker' | 'caller',
  services: Services,
): AsyncGenerator<ConnectEvent> {
  const at = (): string => new Date().toISOString();
  const stage = async function* (
    name: StageName,
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
    await services.wait(ms);
    yield { kind: 'stage', stage: name, state: 'done', at: at(), ms, text };
  };
  yield* stage('my-ip', 12, 'You are seen from 203.0.113.7');
  const known = services.known(row);
  yield* stage('asked', 180, known === undefined ? 'Port 22 for an hour' : 'A grant is open already');
  yield {
    kind: 'stage',
    stage: 'rule',
    state: 'begun',
    at: at(),
    text: 'Writing the rule',
    usual: '1 to 3 s',
  };
  const granted = known ?? (await services.open({ vms: [row.id] }, row));
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
  await services.wait(2_000);
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
  if (row.name === 'web-2' && start === 'broker') {
    yield { kind: 'stage', stage: 'client', state: 'failed', at: at(), text: 'No terminal was found' };
    yield {
      kind: 'failed',
      error: {
        code: 'CLIENT_MISSING',
        message: 'No terminal was found to open ssh in.',
        fix: 'The port is open. Run ssh by hand.',
        detail: { argv: launch.argv },
      },
    };
    return;
  }
  if (start === 'broker') yield* stage('client', 300, 'Your terminal with ssh');
  yield { kind: 'ready', grant: granted, endpoint, banner: 'OpenSSH 9.6', launch };
}
