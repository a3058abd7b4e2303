/** From what a person asks for to rules that stand: checks, orders, the ledger first, then the gates. */
import type { Protocol } from '../../../shared/contract/common.ts';
import type { GrantRequest, RequestPreview } from '../../../shared/contract/grants.ts';
import { adminNotes } from '../../../shared/domain/effective/admin.ts';
import { inTheWay } from '../../../shared/domain/effective/inTheWay.ts';
import { type GrantId, parseGrantId } from '../../../shared/domain/ids.ts';
import { isLive } from '../../../shared/domain/live.ts';
import { askedPorts, checkRequest } from '../../../shared/domain/request.ts';
import { policyInForce } from '../../../shared/domain/tabs.ts';
import { endAfter, formatDuration } from '../../../shared/domain/time.ts';
import { gatesOf, isOff, type Vm } from '../../../shared/domain/vm.ts';
import { type ErrorData, LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { RuleOrder } from '../../clouds/cloud.ts';
import type { Random } from '../../os/ports.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import { endsByCloud, type GrantRecord } from './records.ts';

export interface Opener {
  /** What a request for one VM would do. Throws what `open` would throw before it writes. */
  preview(vm: string, request: GrantRequest): Promise<RequestPreview>;
  /** Opens for one VM; gives the open grant. Throws; then nothing is open, or the grant is `stuck` and says so. */
  open(vm: string, request: GrantRequest): Promise<GrantRecord>;
  /** Goes on with a grant that a crash left in `opening`. */
  finish(grant: GrantId): Promise<GrantRecord>;
}

interface Prepared {
  vm: Vm;
  ports: { port: number; protocol: Protocol }[];
  sources: string[];
  forMs: number;
  owner: string;
  notes: string[];
  orders: (grant: GrantId, end: number) => RuleOrder[];
}

export function createOpener(context: GrantsContext, closer: Closer): Opener {
  const { ledger } = context;

  async function prepare(ref: string, request: GrantRequest): Promise<Prepared> {
    const vm = await running(context, await context.inventory.find(ref));
    const policy = policyInForce(vm);
    const asked = askedPorts(policy, vm.os, request.ports).map(({ port }) => port);
    const sources = await context.egress.sources(vm, request.sources ?? ['my-ip'], asked);
    const { ports, forMs } = checkRequest(policy, vm.os, {
      ports: request.ports,
      sources,
      forMs: request.forMs,
    });
    const notes = await governed(context, vm, { ports, sources });
    const cloud = context.accounts.cloud(vm.account);
    const owner = context.accounts.user(vm.account);
    return {
      vm,
      ports,
      sources,
      forMs,
      owner,
      notes,
      orders: (grant, end) =>
        cloud.orders(vm, {
          ports,
          sources,
          mark: { grant, owner, end, vmName: vm.name },
          reason: request.reason,
        }),
    };
  }

  async function finish(id: GrantId): Promise<GrantRecord> {
    const errors = await context.keeper.settle(ledger.rulesOf(id).map(rule => rule.id));
    const error = [...errors.values()][0];
    const now = ledger.grant(id);
    if (!now) throw new Error(`grant ${id} is not in the ledger`);
    // Revoked or past its end while it was opening: closing has taken over.
    if (now.state !== 'opening') throw cancelled(now);
    if (error) throw await undo(id, error);
    const grant = await noted(id);
    context.tell(grant, 'opened', { text: `${grant.vmName} is open for ${grant.sources.join(', ')}.` });
    context.changed(id);
    context.wake();
    return grant;
  }

  /** No note, no door: the next broker would not know that it is open. */
  async function noted(id: GrantId): Promise<GrantRecord> {
    try {
      return ledger.updateGrant(id, { state: 'open', openedAt: context.clock.now() });
    } catch (failure) {
      throw await undo(id, toErrorData(failure));
    }
  }

  async function undo(id: GrantId, error: ErrorData): Promise<LatchkeyError> {
    try {
      ledger.updateGrant(id, { error });
    } finally {
      await closer.shut([id], 'failed');
    }
    const after = ledger.grant(id);
    if (after && isLive(after)) {
      return new LatchkeyError({
        ...error,
        message: `${error.message} What was opened before that could not be shut yet; it is being tried again.`,
        detail: { ...error.detail, grant: id },
      });
    }
    return new LatchkeyError(error);
  }

  return {
    async preview(ref, request) {
      const { vm, ports, sources, forMs, notes, orders } = await prepare(ref, request);
      const planned = orders(newGrantId(context.random), context.cloudNow(vm.account) + forMs);
      const writes = planned.map(
        order =>
          `${order.gateName}: let ${order.sources.join(', ')} in to ${portList(order.ports)} for ${formatDuration(forMs)}`,
      );
      if (endsByCloud(planned)) notes.push('The cloud ends it by itself, also when this computer is off.');
      notes.push(...obstacles(vm, planned, ports, sources));
      return { vm: vm.id, vmName: vm.name, ports, sources, forMs, writes, notes };
    },
    async open(ref, request) {
      const { vm, ports, sources, forMs, owner, notes, orders } = await prepare(ref, request).catch(
        (error: unknown) => {
          const data = toErrorData(error);
          context.activity.write({
            kind: 'refused',
            outcome: 'failed',
            vmName: ref,
            reason: request.reason,
            text: data.message,
            error: data,
          });
          throw error;
        },
      );
      const id = newGrantId(context.random);
      const endsAt = endAfter(context.cloudNow(vm.account), forMs);
      const grant: GrantRecord = {
        id,
        vm: vm.id,
        vmName: vm.name,
        cloud: vm.cloud,
        account: vm.account,
        owner,
        state: 'opening',
        ports,
        sources,
        reason: request.reason,
        requestedAt: context.clock.now(),
        openedAt: undefined,
        endsAt,
        extendingTo: undefined,
        closedAt: undefined,
        adopted: false,
        notes: [],
        error: undefined,
        cause: undefined,
      };
      const planned = orders(id, endsAt);
      notes.push(...obstacles(vm, planned, ports, sources));
      ledger.together(() => ledger.insert({ ...grant, notes }, planned));
      context.tell(grant, 'request', { text: `Access to ${vm.name} asked for ${formatDuration(forMs)}.` });
      context.changed(id);
      context.wake();
      return finish(id);
    },
    finish,
  };
}

/** What the grant's rules can't open, a sentence for each: it is told, not hidden, and not refused on what may be old. */
function obstacles(vm: Vm, orders: RuleOrder[], ports: Prepared['ports'], sources: string[]): string[] {
  const opened = new Set(orders.map(order => order.gate));
  // Defender writes into the security groups in front of the VM itself; where it did not, that is told after.
  const byDefender = vm.defender !== undefined && opened.has(vm.defender.policy);
  for (const gate of byDefender ? vm.interfaces.flatMap(gatesOf) : [])
    if (gate.kind === 'nsg') opened.add(gate.id);
  const found = inTheWay(vm, { ports, sources }, opened);
  return found.map(({ gate, rule, partly, port, protocol, source }) => {
    const by = rule === undefined ? 'no rule of it lets it in' : `rule ${rule.priority ?? rule.name}`;
    return `${gate.name} stops ${protocol === 'any' ? '' : `${protocol.toUpperCase()} `}${port} from ${partly ? 'a part of ' : ''}${source} (${by}): Latchkey does not change it, so nothing may answer.`;
  });
}

/** What admin rules make of it, a sentence each. Throws ADMIN_RULE_DENIES, never on what may be old. */
async function governed(
  context: GrantsContext,
  known: Vm,
  wanted: Pick<Prepared, 'ports' | 'sources'>,
): Promise<string[]> {
  try {
    return adminNotes(known, wanted);
  } catch {
    return adminNotes(await context.inventory.fresh(known.id), wanted);
  }
}

/** What is known may be old: before a VM is called stopped, its cloud is asked. */
async function running(context: GrantsContext, known: Vm): Promise<Vm> {
  if (!isOff(known)) return known;
  const vm = await context.inventory.fresh(known.id);
  if (!isOff(vm)) return vm;
  throw new LatchkeyError({
    code: 'VM_STOPPED',
    message: `${vm.name} is ${vm.power}: nothing would answer.`,
    fix: 'Start the VM, then ask again.',
  });
}

function cancelled(grant: GrantRecord): LatchkeyError {
  return new LatchkeyError({
    code: 'CANCELLED',
    message:
      grant.cause === 'revoked'
        ? `The grant for ${grant.vmName} was revoked while it was being opened.`
        : `The grant for ${grant.vmName} ended before it was open.`,
    fix: 'Ask again.',
    detail: { grant: grant.id },
  });
}

function portList(ports: number[]): string {
  return ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(', ')}`;
}

/** 12 letters and digits of base 32: 60 random bits. */
export function newGrantId(random: Random): GrantId {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return parseGrantId([...random.bytes(12)].map(byte => alphabet[byte % 32]).join(''));
}
