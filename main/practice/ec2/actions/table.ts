/** Every EC2 action there is, by its name. */
import type { Action } from './call.ts';
import { groupActions } from './groups.ts';
import { instanceActions } from './instances.ts';
import { interfaceActions } from './interfaces.ts';
import { placeActions } from './places.ts';
import { ruleActions } from './rules.ts';
import { tagActions } from './tagging.ts';

export const actions = new Map<string, Action>(
  Object.entries({
    ...placeActions,
    ...instanceActions,
    ...interfaceActions,
    ...groupActions,
    ...ruleActions,
    ...tagActions,
  }),
);
