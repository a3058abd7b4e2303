/**
 * Security admin rules of Virtual Network Manager: what stands before every NSG of a virtual network (reference section
 * 7.4). Reading them needs `Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action`, which
 * the built-in Reader has not: where they can't be read that is told, and nothing is assumed.
 */
import type { EffectiveSecurityAdminRule } from '@azure/arm-network';
import { gateId } from '../../../shared/domain/ids.ts';
import type { Gate, GateLayer } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock } from '../../os/ports.ts';
import type { Arm } from './armClients.ts';
import { abort } from './armClients.ts';
import { parseArmId } from './armIds.ts';
import { mapAdminRule } from './mapAdmin.ts';

/** A virtual network's rules are asked for again after this time: they are its administrators', and change seldom. */
const freshMs = 60_000;
/**
 * Networks that a list of VMs asks for at most, each a request (10,000 VMs must not take more than 60): the next list asks
 * for others, and a look at one VM always for its own.
 */
const mostPerList = { small: 20, large: 5 };
const largeFrom = 2_000;

interface Known {
  at: number;
  layer: GateLayer | undefined;
}

export class AdminRules {
  #arm: Arm;
  #clock: Clock;
  #known = new Map<string, Known>();

  constructor(arm: Arm, clock: Clock) {
    this.#arm = arm;
    this.#clock = clock;
  }

  /** The layer of a virtual network's rules as last read, if it has any; undefined also while nothing was read. */
  known(network: string): GateLayer | undefined {
    return this.#known.get(network.toLowerCase())?.layer;
  }

  /** Reads the rules of a virtual network, unless that was done a moment ago. */
  async read(network: string, signal?: AbortSignal): Promise<GateLayer | undefined> {
    const id = network.toLowerCase();
    const known = this.#known.get(id);
    if (known !== undefined && this.#clock.now() - known.at < freshMs) return known.layer;
    const layer = await this.#layer(network, signal);
    this.#known.set(id, { at: this.#clock.now(), layer });
    return layer;
  }

  /**
   * Reads the rules of some of these networks, those first that were not read or longest ago, as many as a list of this
   * many VMs may; stops at the first that we may not read.
   */
  async readSome(networks: Iterable<string>, vms: number, signal?: AbortSignal): Promise<void> {
    const readAt = (network: string): number => this.#known.get(network.toLowerCase())?.at ?? 0;
    const oldest = [...networks].toSorted((a, b) => readAt(a) - readAt(b));
    const [first, ...others] = oldest.slice(0, vms < largeFrom ? mostPerList.small : mostPerList.large);
    // Whether we may read them shows at the first; then all at once, for the rows wait for them.
    if (first === undefined || (await this.read(first, signal))?.unread !== undefined) return;
    await Promise.all(others.map(network => this.read(network, signal)));
  }

  async #layer(network: string, signal?: AbortSignal): Promise<GateLayer | undefined> {
    const { subscription, group, name } = parseArmId(network);
    const gate: Gate = { id: gateId(`${network}/securityAdminRules`), name, kind: 'admin-rules', rules: [] };
    try {
      const client = await this.#arm.network(subscription);
      let skipToken: string | undefined;
      do {
        const page = await client.listNetworkManagerEffectiveSecurityAdminRules(
          group,
          name,
          skipToken === undefined ? {} : { skipToken },
          { ...abort(signal) },
        );
        const rules = (page.value ?? []) as EffectiveSecurityAdminRule[];
        gate.rules.push(
          ...rules.filter(rule => rule.direction?.toLowerCase() !== 'outbound').map(mapAdminRule),
        );
        skipToken = page.skipToken === skipToken ? undefined : page.skipToken;
      } while (skipToken !== undefined && skipToken !== '');
    } catch (error) {
      if (!(error instanceof LatchkeyError) || ['CANCELLED', 'CLOUD_UNAUTHORIZED'].includes(error.code))
        throw error;
      const unread = 'the admin rules of Virtual Network Manager could not be read';
      return {
        place: 'network',
        mode: 'admin',
        gates: [{ ...gate, rules: [] }],
        unread: `${unread} (${error.code})`,
      };
    }
    // Assumption: priorities alone order the rules of a network, also those of several collections (reference 7.4).
    gate.rules.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
    return gate.rules.length === 0 ? undefined : { place: 'network', mode: 'admin', gates: [gate] };
  }
}

/** The virtual network of a subnet, by their ids. */
export function networkOf(subnet: string): string {
  return subnet.replace(/\/subnets\/[^/]*$/i, '');
}
