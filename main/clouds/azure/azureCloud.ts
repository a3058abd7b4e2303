/** Azure, as the broker sees a cloud: one tenant signed in to. */
import type { TokenCredential } from '@azure/core-auth';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import type { AccountId, GateId, VmId } from '../../../shared/domain/ids.ts';
import type { Clock, Logger, Random } from '../../os/ports.ts';
import { cancelled } from '../calls.ts';
import type { Cloud, Scope } from '../cloud.ts';
import { activityLog } from './activityLog.ts';
import { AdminRules } from './adminRules.ts';
import { createArm } from './armClients.ts';
import { defenderApi } from './defender/api.ts';
import { defenderGate } from './defender/gate.ts';
import { ordersByWay } from './defender/orders.ts';
import { policyWriter } from './defender/writing.ts';
import { examineAccount, examineVm } from './doctor/examine.ts';
import { fromSdk } from './errors.ts';
import { asAddressed, firewallGate, type MappedBook } from './firewall/gate.ts';
import { NatWriter } from './firewall/writer.ts';
import { endpointOf, mappedEndpoint } from './forwards.ts';
import { freshVm } from './freshVm.ts';
import { type AzureGate, kindOf, oursIn } from './gates.ts';
import { GraphPace } from './graph.ts';
import { hostKeys } from './hostKeys.ts';
import { inventory } from './inventory.ts';
import { KnownRules } from './known.ts';
import { applyPlan, planLock, planUnlock } from './locking.ts';
import { nsgGate } from './nsgGate.ts';
import { RuleWriter } from './ruleWriter.ts';
import { whoIs } from './token.ts';

export interface AzureOptions {
  account: AccountId;
  /** `https://management.azure.com`, or that of another cloud (reference section 4). */
  armEndpoint: string;
  credential: TokenCredential;
  /** What tokens are for, where that is not the ARM endpoint. */
  audience?: string | undefined;
  tenantId: string;
  /** PEM of a certificate authority to trust instead of the system's (practice cloud). */
  caCertificate?: string | undefined;
  /** Where a port of a VM really listens, if not at its public address (practice cloud). */
  addressBook?: ((vm: VmId, port: number) => Endpoint | undefined) | undefined;
  /** Where a port of a firewall really listens, if not at its public address (practice cloud). */
  mappedBook?: MappedBook | undefined;
  /** HTTPS addresses of observers that see us as the VMs do (practice cloud). */
  observers?: string[] | undefined;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Makes the adapter. No request is made, and no SDK loaded, before the first call. */
export function createAzureCloud(options: AzureOptions): Cloud {
  const { account, clock, log } = options;
  const over = new AbortController();
  const chance = () => (options.random.bytes(1)[0] ?? 0) / 256;
  const arm = createArm({ ...options, chance });
  const pace = new GraphPace(clock);
  const known = new KnownRules();
  const writer = new RuleWriter(arm, clock, known, chance);
  const api = defenderApi(arm);
  const jit = { api, writer: policyWriter({ api, clock }) };
  const admin = new AdminRules(arm, clock);
  const natWriter = new NatWriter(arm, clock);
  const book = options.mappedBook ?? asAddressed;
  const ask = { arm, admin, clock, log, pace, writer, natWriter, account, jit };
  const gates: AzureGate[] = [
    nsgGate(arm, writer),
    firewallGate('classic', arm, natWriter, book),
    firewallGate('policy', arm, natWriter, book),
    defenderGate({ arm, api, clock, log, writer }),
  ];
  const until = (signal?: AbortSignal) =>
    signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);

  async function told<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const both = until(signal);
    try {
      if (both.aborted) throw cancelled();
      return await work(both);
    } catch (error) {
      throw asTold(error, both);
    }
  }
  async function* toldEach<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const both = until(signal);
    try {
      if (both.aborted) throw cancelled();
      yield* work(both);
    } catch (error) {
      throw asTold(error, both);
    }
  }

  async function listScopes(signal: AbortSignal): Promise<Scope[]> {
    const scopes: Scope[] = [];
    const subscriptions = await arm.subscriptions();
    const list = subscriptions.subscriptions.list({ abortSignal: signal });
    for await (const { subscriptionId, displayName } of list) {
      if (subscriptionId) scopes.push({ id: subscriptionId, name: displayName ?? subscriptionId });
    }
    return scopes;
  }

  return {
    kind: 'azure',
    account,

    identity: signal =>
      told(signal, async both => {
        const token = await arm.token(both);
        const subscriptions = await arm.subscriptions();
        // One page proves that the cloud takes the token.
        await subscriptions.subscriptions.list({ abortSignal: both }).byPage().next();
        return whoIs(token);
      }),

    scopes: signal => told(signal, listScopes),

    inventory: (scope, signal) =>
      toldEach(signal, both =>
        inventory(ask, { account, scope: scope.id }, gate => known.learn(gate.id, gate.rules), both),
      ),

    vm: (id, signal) =>
      told(signal, async both => {
        const fresh = await freshVm(ask, id, undefined, both);
        for (const [gate, nsg] of fresh?.gates ?? []) known.learn(gate as GateId, nsg.securityRules ?? []);
        return fresh?.vm;
      }),

    clockOffset: () => arm.clockOffset(),
    orders: ordersByWay,

    open: (order, signal) => told(signal, both => kindOf(gates, order.gate).open(order, both)),
    extend: (order, standing, signal) =>
      told(signal, both => kindOf(gates, order.gate).extend(order, standing, both)),
    close: (gate, names, grants, signal) =>
      told(signal, both => kindOf(gates, gate).close(gate, names, grants, both)),
    ours: (where, signal) => toldEach(signal, both => oursIn(gates, where, both)),

    planLock: (vm, ports, signal) => told(signal, both => planLock(ask, vm, ports, both)),
    planUnlock: (vm, signal) => told(signal, both => planUnlock(ask, vm, both)),
    apply: (plan, vm, onStep, signal, onWritten) =>
      told(signal, both => applyPlan({ ...ask, onWritten }, plan, vm, onStep, both)),
    history: (scope, since, signal) => toldEach(signal, both => activityLog(arm, scope.id, since, both)),

    examine: (vm, signal) =>
      told(signal, async both =>
        vm === undefined ? examineAccount(arm, await listScopes(both), both) : examineVm(arm, vm, both),
      ),

    endpoints: (vm, ports) =>
      ports.flatMap(port => {
        if (vm.firewall) return mappedEndpoint(vm, vm.firewall, port).flatMap(one => book.known(one) ?? []);
        const endpoint = endpointOf(vm, port);
        // Where there is a book, an address that is not in it leads nowhere of ours.
        return (endpoint && options.addressBook ? options.addressBook(vm.id, port) : endpoint) ?? [];
      }),
    hostKeys: (vm, signal) => told(signal, both => hostKeys(arm, vm, both)),
    observers: () => options.observers ?? [],
    dispose: () => over.abort(),
  };
}

/** What the broker may see of an error: whatever comes after an abort is CANCELLED; ours as it is. */
function asTold(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return cancelled();
  return fromSdk(error) ?? error;
}
