/** The one contract every door speaks. A door adds a transport, never a procedure. */
import { accountsContract, appContract, settingsContract } from './accounts.ts';
import { activityContract } from './activity.ts';
import { connectContract } from './connect.ts';
import { doctorContract } from './doctor.ts';
import { egressContract } from './egress.ts';
import { grantsContract } from './grants.ts';
import { guardContract } from './guard.ts';
import { policiesContract } from './policies.ts';
import { vmsContract } from './vms.ts';

export const contract = {
  accounts: accountsContract,
  activity: activityContract,
  app: appContract,
  connect: connectContract,
  doctor: doctorContract,
  egress: egressContract,
  grants: grantsContract,
  guard: guardContract,
  policies: policiesContract,
  settings: settingsContract,
  vms: vmsContract,
};
export type Contract = typeof contract;
