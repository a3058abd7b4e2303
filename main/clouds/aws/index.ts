/** AWS as a Cloud: EC2 instances behind security groups. */
import type { Plan, Policy } from '../../../shared/contract/policies.ts';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import { ok } from '../../../shared/domain/doctor/finding.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Cloud, Scope } from '../cloud.ts';
import { readCaller } from './caller.ts';
import { closeRules } from './close.ts';
import { cloudTrail, telling } from './cloudTrail.ts';
import { type AwsOptions, connect } from './connection.ts';
import { createEnds } from './ends.ts';
import { examineInstance } from './examine.ts';
import { createGuard } from './guard.ts';
import { createGuardRole } from './guardRole.ts';
import { readHostKeys } from './hostKeys.ts';
import { sendKey } from './instanceConnect.ts';
import { listVms, readVm } from './instances.ts';
import { draftLock } from './lock.ts';
import { userOfArn } from './names.ts';
import { extendOrder, openOrder } from './open.ts';
import { ordersFor } from './orders.ts';
import { otherWays } from './otherWays.ts';
import { findOurs } from './ours.ts';
import { carryOut, toPlan } from './steps.ts';
import { tryLog } from './tryLog.ts';
import { tryOut } from './tryOut.ts';
import { draftUnlock } from './unlock.ts';

/** Makes the connection to one AWS account; nothing is asked before the first call. */
export function createAwsCloud(options: AwsOptions): Cloud {
  const { account } = options;
  const aws = connect(options);

  const caller = (signal?: AbortSignal) => readCaller(aws, signal);
  const number = async () => (await caller()).id;
  const role = createGuardRole(aws, number);
  const ends = createEnds(aws, role);

  return {
    kind: 'aws',
    account,
    async identity(signal) {
      const { id, arn } = await caller(signal);
      return { user: userOfArn(arn) ?? id, name: arn };
    },
    async scopes(signal) {
      const [{ id }, regions] = await Promise.all([caller(signal), aws.regions(signal)]);
      return regions.map((region): Scope => ({ id: `${id}/${region}`, name: region }));
    },
    inventory: (scope, signal) => {
      const [owner = '', region = ''] = scope.id.split('/');
      return listVms(aws, { region, owner, account }, signal);
    },
    vm: (id, signal) => readVm(aws, account, id, signal),
    clockOffset: () => aws.clockOffset(),

    orders: ordersFor,
    open: (order, signal) => openOrder(aws, ends, order, signal),
    extend: (order, standing, signal) => extendOrder(aws, ends, order, standing.endedBy, signal),
    close: (gate, names, grants, signal) => closeRules(aws, ends, gate, names, grants, signal),
    ours: (where, signal) =>
      findOurs(aws, 'gate' in where ? where : { region: where.scope.id.split('/')[1] ?? '' }, signal),

    planLock: async (vm, ports, signal) => toPlan(await draftLock(aws, vm, { ports }, signal)),
    planUnlock: async (vm, signal) => toPlan(await draftUnlock(aws, vm, signal)),
    async apply(plan, vm, onStep, signal, onWritten) {
      const writer = telling(aws, onWritten);
      const draft =
        plan.kind === 'unlock'
          ? draftUnlock(writer, vm, signal)
          : draftLock(writer, vm, policyOf(plan), signal);
      await carryOut(await draft, plan, onStep, signal);
    },

    examine: async (vm, signal) =>
      vm === undefined
        ? []
        : [
            ...examineInstance(vm),
            ...(await otherWays(aws, vm, signal)).map(({ name, text, command }) =>
              ok('address', `${text} Go it with: ${command.join(' ')}`, name),
            ),
            ...(await Promise.all([tryOut(aws, vm, signal), tryLog(aws, vm, signal)])).flat(),
          ],
    history: (scope, since, signal) => cloudTrail(aws, scope.id.split('/')[1] ?? '', since, signal),

    // Where there is a book, an address that is not in it leads nowhere of ours.
    endpoints: (vm, ports) =>
      ports.flatMap(port => (options.addressBook ? (options.addressBook(vm, port) ?? []) : direct(vm, port))),
    guard: createGuard(aws, role, number),
    hostKeys: (vm, signal) => readHostKeys(aws, vm.id, signal),
    pushKey: (vm, key, signal) => sendKey(aws, vm, key, signal),
    otherWays: (vm, signal) => otherWays(aws, vm, signal),
    observers: () => options.observers ?? [],
    dispose: () => aws.dispose(),
  };
}

function policyOf(plan: Plan): Policy {
  if (plan.policy) return plan.policy;
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The plan for ${plan.vmName} locks without a policy.`,
  });
}

/** The VM's own address: public before private, IPv4 before IPv6, the first interface before others. */
function direct(vm: Vm, port: number): Endpoint[] {
  const nics = vm.interfaces.toSorted((a, b) => Number(b.primary) - Number(a.primary));
  const [host] = [...nics.flatMap(nic => nic.publicAddresses), ...nics.flatMap(nic => nic.privateAddresses)];
  return host === undefined ? [] : [{ port, host, hostPort: port }];
}
