/** The stages of a connection, told as they happen. */
import type { CloudKind } from '../../../shared/contract/common.ts';
import type { ConnectEvent, StageName } from '../../../shared/contract/connect.ts';
import type { Clock } from '../../os/ports.ts';

/** What opens the port: it says how long it takes. */
type Way = CloudKind | 'firewall';

/** How long each stage usually takes, for whoever waits. */
function usual(stage: StageName, way: Way): string {
  switch (stage) {
    case 'my-ip':
      return 'usually under a second';
    case 'asked':
      return 'at once';
    case 'rule':
      // An update of an Azure Firewall takes minutes.
      if (way === 'firewall') return 'usually 2 to 10 minutes';
      return way === 'azure' ? 'usually 2 to 15 seconds' : 'usually 1 to 3 seconds';
    case 'answers':
      return way !== 'aws' ? 'usually 1 to 30 seconds' : 'usually 1 to 5 seconds';
    case 'key':
      return 'usually under a second';
    case 'client':
      return 'at once';
  }
}

export interface Stages {
  begin(stage: StageName, text: string): ConnectEvent;
  done(text: string): ConnectEvent;
  failed(text: string): ConnectEvent;
}

/** One connection's stages, one after the other; each is timed by the clock, in milliseconds. */
export function createStages(clock: Clock, way: Way): Stages {
  let stage: StageName = 'my-ip';
  let begunAt = clock.now();
  const end = (state: 'done' | 'failed', text: string): ConnectEvent => ({
    kind: 'stage',
    stage,
    state,
    at: new Date(clock.now()).toISOString(),
    ms: Math.max(0, Math.round(clock.now() - begunAt)),
    text,
  });
  return {
    begin(next, text) {
      stage = next;
      begunAt = clock.now();
      const at = new Date(begunAt).toISOString();
      return { kind: 'stage', stage, state: 'begun', at, text, usual: usual(stage, way) };
    },
    done: text => end('done', text),
    failed: text => end('failed', text),
  };
}
