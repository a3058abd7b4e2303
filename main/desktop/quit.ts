/** Leaving while ports are open: nobody would be there to shut them, so they are shut first or Latchkey stays. */
import { dialog } from 'electron';
import { liveGrants } from '../../shared/domain/live.ts';
import type { Connection } from '../doors/client.ts';
import { quitQuestion, shutAndQuit } from './quitQuestion.ts';

/** True if Latchkey may leave: nothing is open, or everything was shut. */
export async function mayQuit(client: Connection['client']): Promise<boolean> {
  const question = quitQuestion((await client.grants.list({})).grants);
  if (question === undefined) return true;
  const { response } = await dialog.showMessageBox(question);
  if (response !== shutAndQuit) return false;
  const { grants } = await client.grants.revoke({ all: true });
  const left = liveGrants(grants);
  if (left.length === 0) return true;
  await dialog.showMessageBox({
    type: 'error',
    message: 'Not every port could be shut.',
    detail: `${left[0]?.error?.message ?? ''}\nLatchkey stays and keeps trying.`.trim(),
    buttons: ['OK'],
  });
  return false;
}
