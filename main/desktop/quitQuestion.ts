/** What is asked when somebody quits while ports are open. */
import type { MessageBoxOptions } from 'electron';
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { liveGrants } from '../../shared/domain/live.ts';

/** The answers, as their places among the buttons. */
export const shutAndQuit = 0;
const stay = 1;

/** The question, or undefined when nothing is open. */
export function quitQuestion(grants: readonly Grant[]): MessageBoxOptions | undefined {
  const open = liveGrants(grants);
  if (open.length === 0) return undefined;
  const names = open.map(
    grant => `${showName(grant.vmName)}: ${grant.ports.map(({ port }) => port).join(', ')}`,
  );
  return {
    type: 'warning',
    message: open.length === 1 ? 'A port is still open.' : `${open.length} ports are still open.`,
    detail: `${names.join('\n')}\n\nLatchkey has to run to shut them on time. A session that is open may go on.`,
    buttons: ['Shut all and quit', 'Keep running'],
    defaultId: shutAndQuit,
    cancelId: stay,
  };
}
