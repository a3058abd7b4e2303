/** ARM resource ids, taken apart. `/subscriptions/S/resourceGroups/G/providers/P/TYPE/NAME[/SUBTYPE/SUBNAME]`. */
import { LatchkeyError } from '../../../shared/errors.ts';

export interface ArmName {
  subscription: string;
  group: string;
  name: string;
  /** Name of the sub-resource, e.g. the subnet of a virtual network; empty if there is none. */
  child: string;
}

const pattern =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/[^/]+\/[^/]+\/([^/]+)(?:\/[^/]+\/([^/]+))?$/i;

/** Throws BAD_INPUT for anything that is not the id of a resource in a resource group. */
export function parseArmId(id: string): ArmName {
  const [, subscription, group, name, child = ''] = pattern.exec(id) ?? [];
  if (subscription === undefined || group === undefined || name === undefined) {
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `“${id.slice(0, 200)}” is not the id of an ARM resource.`,
    });
  }
  return { subscription, group, name, child };
}

/** Ids are compared in any case: ARM gives the same id in several. */
export function sameId(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
}

/** An id as the path of a request: names may hold anything but a slash. */
export function armPath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
