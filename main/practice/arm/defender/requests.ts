/** Requests for access: opened, replaced by newer ones, and ended by the cloud's own clock. */
import type { World } from '../world.ts';
import type { JitPolicy, JitRequest, OpenPort, RequestPort } from './data.ts';
import type { WantedPort } from './input.ts';
import { removeRule, writeAllows } from './rules.ts';

const keptMs = 30 * 86_400_000;
/** A timer of Node holds about 24 days; looking once a minute costs nothing. */
const longestTimerMs = 60_000;

export interface RequestsDeps {
  world: World;
  now: () => number;
  after: (ms: number, run: () => void) => Disposable;
}

/** Holds the timer of the next end. */
export class Requests {
  #deps: RequestsDeps;
  #timer: Disposable | undefined;
  #count = 0;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** What the answer to an initiate tells: nothing of it is done yet. */
  begin(wanted: WantedPort[], requestor: string, justification: string | undefined): JitRequest {
    const vms = Map.groupBy(wanted, port => port.vm.id);
    return {
      virtualMachines: [...vms].map(([id, ports]) => ({ id, ports: ports.map(asRequested) })),
      startTimeUtc: this.#stamp(this.#deps.now()),
      requestor,
      ...(justification === undefined ? {} : { justification }),
    };
  }

  /** The rules of a request, and its place in the policy's record. Ends are by the cloud's clock from here on. */
  open(policy: JitPolicy, request: JitRequest): void {
    const { world, now } = this.#deps;
    policy.requests = policy.requests.filter(one => Date.parse(one.startTimeUtc) > now() - keptMs);
    policy.requests.push(request);
    for (const { id, ports } of request.virtualMachines) {
      for (const port of ports) {
        // The policy may have been changed since this was asked.
        if (!policy.virtualMachines.some(vm => vm.id.toLowerCase() === id.toLowerCase())) {
          settle(port, 'Revoked', 'UserRequested');
          continue;
        }
        for (const older of world.defender.open.filter(one => this.#replaces(policy, id, port, one)))
          this.end(older, 'NewerRequestInitiated');
        settle(port, 'Initiated', 'UserRequested');
        const source = port.allowedSourceAddressPrefix;
        const rules = writeAllows(world, now(), policy, id, { number: port.number, source });
        const endsAt = Date.parse(port.endTimeUtc);
        world.defender.open.push({ policy: policy.id.toLowerCase(), vm: id, port, request, endsAt, rules });
      }
    }
    this.look();
  }

  #replaces(policy: JitPolicy, vm: string, port: RequestPort, older: OpenPort): boolean {
    return (
      older.policy === policy.id.toLowerCase() &&
      older.vm.toLowerCase() === vm.toLowerCase() &&
      older.port.number === port.number &&
      (this.#deps.world.defender.traits.replaces === 'same-port' ||
        older.port.allowedSourceAddressPrefix === port.allowedSourceAddressPrefix)
    );
  }

  /** Takes an open port's rules away and notes why. */
  end(open: OpenPort, reason: 'Expired' | 'UserRequested' | 'NewerRequestInitiated'): void {
    const { world, now } = this.#deps;
    world.defender.open = world.defender.open.filter(one => one !== open);
    for (const at of open.rules) removeRule(world, now(), at);
    settle(open.port, 'Revoked', reason);
  }

  /** Ends what is past its end, and sets the timer for the next. */
  look(): void {
    const { world, now, after } = this.#deps;
    for (const open of world.defender.open.filter(one => one.endsAt <= now())) this.end(open, 'Expired');
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const next = Math.min(...world.defender.open.map(one => one.endsAt));
    if (Number.isFinite(next))
      this.#timer = after(Math.min(Math.max(0, next - now()), longestTimerMs), () => this.look());
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Seven fractional digits, as the service writes times. */
  #stamp(at: number): string {
    const ticks = String((this.#count++ * 1117 + 1611) % 10_000).padStart(4, '0');
    return new Date(at).toISOString().replace('Z', `${ticks}Z`);
  }
}

function asRequested(port: WantedPort): RequestPort {
  return {
    number: port.number,
    allowedSourceAddressPrefix: port.source,
    endTimeUtc: port.endTimeUtc,
    // Not one of the documented values; the public example has it (reference 1.3).
    status: 'Initiating',
    statusReason: 'UserRequested',
  };
}

function settle(port: RequestPort, status: string, statusReason: string): void {
  port.status = status;
  port.statusReason = statusReason;
}
