/** Tags of one resource, by Merge and Delete: never all of them at once, so nobody else's tag is lost. */
import type { Clock } from '../../os/ports.ts';
import { waitOut } from '../calls.ts';
import type { Arm } from './armClients.ts';
import { armPath } from './armIds.ts';
import { tooSlow } from './errors.ts';

const pauses = [0, 250, 500, 1000, 2000, 4000, 8000, 16_000];

/** What changes on a resource's tags. `remove` names the value too: ARM deletes a pair. */
export interface TagChange {
  merge: Record<string, string>;
  remove: Record<string, string>;
}

/** Writes the change and returns when it shows. Tags that stand as wanted already are no error. */
export async function changeTags(
  ask: { arm: Arm; clock: Clock },
  resource: string,
  change: TagChange,
  signal?: AbortSignal,
): Promise<void> {
  const path = `${armPath(resource)}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01`;
  const patch = async (operation: 'Merge' | 'Delete', tags: Record<string, string>) => {
    if (Object.keys(tags).length === 0) return;
    await ask.arm.request({ method: 'PATCH', path, body: { operation, properties: { tags } }, signal });
  };
  await patch('Merge', change.merge);
  await patch('Delete', change.remove);
  for (const wait of pauses) {
    if (wait > 0) await waitOut(ask.clock, wait, signal);
    const answer = await ask.arm.request({ method: 'GET', path, signal });
    if (shows((answer as TagsAnswer).properties?.tags ?? {}, change)) return;
  }
  throw tooSlow('changing tags');
}

interface TagsAnswer {
  properties?: { tags?: Record<string, string> };
}

function shows(tags: Record<string, string>, change: TagChange): boolean {
  const values = new Map(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
  return (
    Object.entries(change.merge).every(([key, value]) => values.get(key.toLowerCase()) === value) &&
    Object.keys(change.remove).every(key => !values.has(key.toLowerCase()))
  );
}

/** The tag with this name in any case (Azure's names are case-insensitive), as `[name, value]`. */
export function findTag(tags: Record<string, string>, name: string): [string, string] | undefined {
  return Object.entries(tags).find(([key]) => key.toLowerCase() === name.toLowerCase());
}
