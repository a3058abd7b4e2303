/**
 * My IP: the address the VMs see us come from, as several observers tell it. What they said is kept until the
 * network changes, and not for long: a router gets another address without this computer noticing.
 */
import type { MyIp } from '../../../shared/contract/egress.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Os } from '../../os/ports.ts';
import type { AccountsService } from '../accounts/index.ts';
import { createChanges } from '../changes.ts';
import type { Egress, SettingsStore } from '../services.ts';
import { internetObservers, type ObserverSet, observe } from './observe.ts';
import { familiesOfVm, myIpSources, policySources, typedSource } from './sources.ts';
import { judge } from './verdict.ts';

/** So old an answer may be when a rule is made of it, milliseconds. Somebody else may have the address by then. */
const longestKeptMs = 10 * 60_000;

export interface EgressService extends Egress {
  stop(): void;
}

/** Nobody is asked before the first question. */
export function createEgress(deps: {
  os: Pick<Os, 'http' | 'clock' | 'network'>;
  settings: SettingsStore;
  accounts: Pick<AccountsService, 'list' | 'clouds' | 'cloud' | 'authority' | 'onChange'>;
}): EgressService {
  const { os, settings, accounts } = deps;
  const changes = createChanges<undefined>();
  /** By observer set. Results in which nobody answered are not kept. */
  const known = new Map<string, { asked: Promise<MyIp>; at: number }>();

  const listeners = [
    os.network.onChange(() => {
      known.clear();
      changes.tell(undefined);
    }),
    accounts.onChange(() => changes.tell(undefined)),
  ];

  function internet(): ObserverSet {
    const own = settings.get().observers;
    return { urls: own.length > 0 ? own : internetObservers, near: false };
  }

  /** Those that see us as the VMs of this cloud do. */
  function setFor(cloud: ReturnType<typeof accounts.cloud>): ObserverSet {
    const urls = cloud.observers();
    return urls.length > 0 ? { urls, ca: accounts.authority(cloud.account), near: true } : internet();
  }

  function ask(set: ObserverSet, refresh: boolean): Promise<MyIp> {
    const ranges = settings.get().organisationRanges;
    const key = JSON.stringify([set, ranges]);
    const before = known.get(key);
    const fresh = before && os.clock.now() - before.at < longestKeptMs;
    if (fresh && !refresh) return before.asked;
    const asked = observe(set, os).then((observations): MyIp => {
      const answered = observations.some(({ address }) => address !== undefined);
      if (!answered && known.get(key)?.asked === asked) known.delete(key);
      return {
        ipv4: judge('ipv4', observations, ranges),
        ipv6: judge('ipv6', observations, ranges),
        observations,
        at: new Date(os.clock.now()).toISOString(),
      };
    });
    known.set(key, { asked, at: os.clock.now() });
    if (before) void asked.then(() => changes.tell(undefined));
    return asked;
  }

  /** What the window's card shows: as the VMs of the accounts see us; with several kinds of clouds, as the internet does. */
  async function get(refresh: boolean): Promise<MyIp> {
    const sets = accounts
      .list()
      .filter(({ state }) => state === 'ready')
      .map(({ id }) => setFor(accounts.cloud(parseAccountId(id))));
    const [first] = sets;
    if (!first) return nobody(os.clock.now());
    return ask(sets.every(set => set.near) ? first : internet(), refresh);
  }

  return {
    get,
    async *watch(signal) {
      for await (const _ of changes.follow(signal, () => undefined)) {
        const myIp = await get(false);
        if (signal.aborted) return;
        yield myIp;
      }
    },
    async sources(vm, choices, ports) {
      const cloud = accounts.cloud(vm.account);
      const families = familiesOfVm(vm);
      const found: string[] = [];
      for (const choice of choices.length > 0 ? choices : ['my-ip']) {
        if (choice === 'my-ip') {
          found.push(...myIpSources(vm.name, families.reached, await ask(setFor(cloud), false)));
        } else if (choice === 'policy') found.push(...policySources(vm, families.reached, ports));
        else found.push(typedSource(vm.name, families.all, choice));
      }
      return [...new Set(found)];
    },
    stop() {
      for (const listener of listeners) listener[Symbol.dispose]();
    },
  };
}

/** Nobody is asked before there is an account whose VMs we want to be seen by. */
function nobody(now: number): MyIp {
  return {
    ipv4: { state: 'unknown' },
    ipv6: { state: 'unknown' },
    observations: [],
    at: new Date(now).toISOString(),
    error: new LatchkeyError({
      code: 'NO_ACCOUNT',
      message: 'No account is signed in, so nobody was asked for your address.',
      fix: 'Add an account, or the practice cloud.',
    }).toData(),
  };
}
