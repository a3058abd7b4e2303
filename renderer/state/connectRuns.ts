/** Connecting to VMs: per VM the stages as they happen. A run lives in the store, so leaving the VM does not end it. */
import { create } from 'zustand';
import type { ConnectEvent, ConnectInput, StageName } from '../../shared/contract/connect.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker } from './broker.ts';
import { errorOf } from './errors.ts';

/** Those of every connection; a key is put on few machines, and its stage stands before the last one then. */
const stageNames: readonly StageName[] = ['my-ip', 'asked', 'rule', 'answers', 'client'];

export interface Stage {
  stage: StageName;
  state: 'waiting' | 'begun' | 'done' | 'failed';
  at?: string | undefined;
  ms?: number | undefined;
  text?: string | undefined;
  usual?: string | undefined;
}

export interface ConnectRun {
  input: ConnectInput;
  stages: Stage[];
  ready?: Extract<ConnectEvent, { kind: 'ready' }> | undefined;
  error?: ErrorData | undefined;
}

/** A run before its first event. */
export function newRun(input: ConnectInput): ConnectRun {
  return { input, stages: stageNames.map(stage => ({ stage, state: 'waiting' })) };
}

/** The run after an event. A failure also ends the stage that was under way. */
export function applyConnectEvent(run: ConnectRun, event: ConnectEvent): ConnectRun {
  switch (event.kind) {
    case 'stage': {
      const { stage, state, at, ms, text, usual } = event;
      const { stages } = run;
      const known = stages.some(old => old.stage === stage)
        ? stages
        : stages.toSpliced(-1, 0, { stage, state: 'waiting' });
      return {
        ...run,
        stages: known.map(old =>
          old.stage === stage ? { stage, state, at, ms, text, usual: usual ?? old.usual } : old,
        ),
      };
    }
    case 'ready':
      return { ...run, ready: event };
    case 'failed':
      return {
        ...run,
        error: event.error,
        stages: run.stages.map(old => (old.state === 'begun' ? { ...old, state: 'failed' } : old)),
      };
  }
}

/** True until the run told its result. */
export function isUnderWay(run: ConnectRun): boolean {
  return run.ready === undefined && run.error === undefined;
}

/** Where the port is open but no client could be started: the program and arguments a person can start. */
export function byHand({ error }: ConnectRun): string[] | undefined {
  if (error?.code !== 'CLIENT_MISSING' && error?.code !== 'CLIENT_FAILED') return undefined;
  const argv = error.detail?.['argv'];
  return Array.isArray(argv) && argv.every(part => typeof part === 'string') ? argv : undefined;
}

interface Runs {
  runs: ReadonlyMap<string, ConnectRun>;
}
export const useConnectRuns = create<Runs>(() => ({ runs: new Map() }));
const aborts = new Map<string, AbortController>();

function put(vm: string, run: ConnectRun | undefined): void {
  useConnectRuns.setState(({ runs }) => {
    const next = new Map(runs);
    if (run === undefined) next.delete(vm);
    else next.set(vm, run);
    return { runs: next };
  });
}

/** Connects. While a run for this VM is under way, does nothing: a second double-click is not a second request. */
export async function startConnect(input: ConnectInput): Promise<void> {
  const { vm } = input;
  const known = useConnectRuns.getState().runs.get(vm);
  if (known !== undefined && isUnderWay(known)) return;
  const abort = new AbortController();
  aborts.set(vm, abort);
  let run = newRun(input);
  put(vm, run);
  const tell = (event: ConnectEvent): void => {
    if (abort.signal.aborted) return;
    run = applyConnectEvent(run, event);
    put(vm, run);
  };
  try {
    for await (const event of await broker().connect.run(input, { signal: abort.signal })) tell(event);
    if (isUnderWay(run)) {
      tell({
        kind: 'failed',
        error: { code: 'CANCELLED', message: 'The connection to the broker ended before this was done.' },
      });
    }
  } catch (thrown) {
    tell({ kind: 'failed', error: errorOf(thrown) });
  }
}

/** Stops watching a run and takes it off the screen. A grant it opened stays. */
export function dismissConnect(vm: string): void {
  aborts.get(vm)?.abort();
  aborts.delete(vm);
  put(vm, undefined);
}
