/** Every EC2 action there is, by its name. */
import { addressActions } from './addresses.ts';
import { attributeActions } from './attributes.ts';
import type { Action } from './call.ts';
import { groupActions } from './groups.ts';
import { groupUseActions } from './groupUse.ts';
import { imageActions } from './images.ts';
import { instanceActions } from './instances.ts';
import { interfaceActions } from './interfaces.ts';
import { keyPairActions } from './keyPairs.ts';
import { placeActions } from './places.ts';
import { routingActions } from './routing.ts';
import { ruleActions } from './rules.ts';
import { tagActions } from './tagging.ts';

export const actions = new Map<string, Action>(
  Object.entries({
    ...placeActions,
    ...routingActions,
    ...instanceActions,
    ...attributeActions,
    ...imageActions,
    ...keyPairActions,
    ...addressActions,
    ...interfaceActions,
    ...groupActions,
    ...groupUseActions,
    ...ruleActions,
    ...tagActions,
  }),
);
