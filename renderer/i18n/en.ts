/** English: all messages of the window, one file per part of it. */
import { accounts } from './messages/accounts.ts';
import { common } from './messages/common.ts';
import { grants } from './messages/grants.ts';
import { places } from './messages/places.ts';
import { policies } from './messages/policies.ts';
import { vms } from './messages/vms.ts';

export const en = { ...accounts, ...common, ...grants, ...places, ...policies, ...vms };
