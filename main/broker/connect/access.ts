/** Getting a grant to connect with: a live one that fits is used again, else one is asked for. */
import type { ConnectEvent } from '../../../shared/contract/connect.ts';
import type { Grant } from '../../../shared/contract/grants.ts';
import { cidrContains } from '../../../shared/domain/cidr.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock } from '../../os/ports.ts';
import type { Grants } from '../services.ts';
import type { Stages } from './stages.ts';

/** A grant that ends sooner is not worth connecting with. */
const tooShortMs = 15_000;

/** The live grant that lets all of `sources` to the port, if there is one. */
function fitting(live: Grant[], port: number, sources: string[], now: number): Grant | undefined {
  return live.find(
    grant =>
      grant.state !== 'closing' &&
      grant.state !== 'stuck' &&
      Date.parse(grant.endsAt) - now > tooShortMs &&
      grant.ports.some(granted => granted.port === port && granted.protocol !== 'udp') &&
      sources.every(source => grant.sources.some(granted => cidrContains(granted, source))),
  );
}

/** Stages `asked` and `rule`; returns the open grant. Throws what the request throws, CANCELLED when the signal aborts. */
export async function* openGrant(
  deps: {
    grants: Pick<Grants, 'liveOn' | 'request' | 'onChange'>;
    clock: Clock;
    /** VMs that somebody is asking for just now, until the ledger knows: two at the same time ask once. */
    asking: Map<VmId, Promise<void>>;
  },
  stages: Stages,
  wanted: {
    vm: Vm;
    port: number;
    sources: string[];
    /** Only this one will do. */
    grant?: string | undefined;
    forMs?: number | undefined;
    reason?: string | undefined;
    signal: AbortSignal;
  },
): AsyncGenerator<ConnectEvent, Grant> {
  const { grants, clock, asking } = deps;
  const { vm, port, sources, grant: only, forMs, reason, signal } = wanted;
  yield stages.begin('asked', `Asking for port ${port} of ${vm.name} from ${sources.join(', ')}.`);
  for (let other = asking.get(vm.id); other; other = asking.get(vm.id)) await other;
  const there = grants.liveOn(vm.id);
  const live =
    only === undefined ? fitting(there, port, sources, clock.now()) : there.find(grant => grant.id === only);
  if (only !== undefined && live === undefined) {
    throw new LatchkeyError({
      code: 'GRANT_OVER',
      message: `Grant ${only} is over.`,
      fix: 'Ask for access again.',
    });
  }
  if (live) {
    yield stages.done(`Grant ${live.id} is there already.`);
    yield stages.begin('rule', 'Its rule has to stand.');
    const grant = await settled(grants, live, signal);
    yield stages.done(openUntil(grant));
    return grant;
  }
  const noted = Promise.withResolvers<void>();
  using _ = grants.onChange(grant => {
    if (grant.vm === vm.id && grant.state === 'opening') noted.resolve();
  });
  const request = grants.request({
    vms: [vm.id],
    ports: [{ port }],
    sources,
    ...(forMs === undefined ? {} : { forMs }),
    ...(reason === undefined ? {} : { reason }),
  });
  // A request that fails before it is noted must end the wait too; its error is thrown below.
  const asked = Promise.race([noted.promise, request.then(none, none)]);
  asking.set(vm.id, asked);
  await asked;
  asking.delete(vm.id);
  yield stages.done('Asked.');
  yield stages.begin('rule', 'The rule is being written.');
  const [grant] = (await request).grants;
  if (!grant) throw new Error('a request that did not fail gave no grant');
  yield stages.done([openUntil(grant), ...grant.notes].join(' '));
  return grant;
}

/** The end as a time of day of this computer, which is the person's. */
function openUntil({ endsAt }: Grant): string {
  return `Open until ${new Date(endsAt).toLocaleTimeString('sv-SE', { hour: '2-digit', minute: '2-digit' })}.`;
}

function none(): void {
  // Only the moment counts.
}

/** Waits until a grant that somebody else asked for stands. */
async function settled(
  grants: Pick<Grants, 'liveOn' | 'onChange'>,
  grant: Grant,
  signal: AbortSignal,
): Promise<Grant> {
  const { promise, resolve, reject } = Promise.withResolvers<Grant>();
  const look = (now: Grant): void => {
    if (now.id !== grant.id || now.state === 'requested' || now.state === 'opening') return;
    if (now.state === 'open' || now.state === 'extending') resolve(now);
    else reject(new LatchkeyError(now.error ?? { code: 'GRANT_OVER', message: `Grant ${now.id} is over.` }));
  };
  const cancel = (): void =>
    reject(new LatchkeyError({ code: 'CANCELLED', message: 'Connecting was cancelled.' }));
  using _ = grants.onChange(look);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    look(grants.liveOn(grant.vm as Vm['id']).find(({ id }) => id === grant.id) ?? grant);
    return await promise;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
