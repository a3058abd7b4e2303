/** Who from the internet gets in: exact sets of addresses, and from them the exposed ports of a VM. */
import type { CloudKind, Protocol } from '../../contract/common.ts';
import { cidrFamily } from '../cidr.ts';
import { isAskedFor } from '../defender.ts';
import type { GateLayer, GateRule, NetworkInterface, Vm } from '../vm.ts';
import {
  type AddressSet,
  intersect,
  isEmpty,
  nowhere,
  onlyFamily,
  setOf,
  subtract,
  union,
} from './addressSet.ts';
import { destinations, opensWithoutLayers, protocolsOf, type Question } from './effective.ts';
import { firewallReach, type Reach, straight } from './firewall.ts';
import { sourcePortsToTry, walk } from './layer.ts';
import { internet, internetCover } from './places.ts';

/**
 * The internet addresses (see `internet` in places.ts) that get to a port, judged by the rules alone: whether the VM
 * has a public address does not matter, a load balancer may lead there. Who wants in chooses the source port, so one
 * that works is enough; with protocol `any`, TCP or UDP is. Without `destination`: to any address of the interface.
 * `without`: rules to think away, such as those of grants.
 */
export function allowedInternetSources(
  to: NetworkInterface,
  question: Omit<Question, 'source'> & { without?: ((rule: GateRule) => boolean) | undefined },
): Reach {
  return reachBy(approachTo(to, question.cloud, question.destination), question);
}

/** What is the same for every port of an interface. */
interface Approach {
  layers: GateLayer[];
  /** Each address of the interface, and who may ask for it. */
  targets: { destination: AddressSet; from: AddressSet }[];
  sourcePorts: number[];
}

function approachTo(to: NetworkInterface, cloud: CloudKind, destination?: string): Approach {
  // What could not be read changes nothing in a list: it says what the gates that were read say. The way to one VM tells.
  const layers = to.layers.filter(layer => layer.unread === undefined);
  const reached = layers.length > 0 || opensWithoutLayers(cloud);
  const targets = destination === undefined ? destinations(to) : [destination];
  return {
    layers,
    targets: (reached ? targets : []).map(address => ({
      destination: setOf(address),
      from: cidrFamily(address) === 'ipv4' ? internet4 : internet6,
    })),
    sourcePorts: sourcePortsToTry(layers),
  };
}

const internet4 = onlyFamily(internet, 'ipv4');
const internet6 = onlyFamily(internet, 'ipv6');

function reachBy(
  { layers, targets, sourcePorts }: Approach,
  question: { port: number; protocol: Protocol; without?: ((rule: GateRule) => boolean) | undefined },
): Reach {
  let sure = nowhere;
  let may = nowhere;
  for (const { destination, from } of targets) {
    for (const protocol of protocolsOf(question.protocol)) {
      for (const sourcePort of sourcePorts) {
        const packet = { protocol, port: question.port, sourcePort, destination };
        let surely = from;
        let perhaps = from;
        for (const layer of layers) {
          const { mayAllow, mayDeny, mayEnd } = walk(layer, packet, perhaps, {
            cover: internetCover,
            without: question.without,
          });
          surely = subtract(surely, mayDeny);
          const ended = subtract(intersect(surely, mayEnd), mayAllow);
          sure = union(sure, ended);
          may = union(may, mayEnd);
          surely = subtract(surely, ended);
          perhaps = intersect(perhaps, mayAllow);
        }
        sure = union(sure, surely);
        may = union(may, perhaps);
      }
    }
  }
  return { sure, may };
}

/** Ports of a VM by what the internet can do with them, without any grant. Each list in the order asked, no port twice. */
export interface Exposure {
  exposed: number[];
  /** Perhaps exposed: a rule we can't see through decides. */
  unknown: number[];
}

/** Which of these ports can some internet address reach, other than through a grant's rule or one that a request to Defender made? */
export function exposure(vm: Vm, ports: readonly { port: number; protocol: Protocol }[]): Exposure {
  const { firewall } = vm;
  const approaches = vm.interfaces.filter(to => straight(vm, to)).map(to => approachTo(to, vm.cloud));
  const without = (rule: GateRule): boolean => rule.by === 'grant' || isAskedFor(vm, rule);
  const exposed = new Set<number>();
  const unknown = new Set<number>();
  for (const port of ports) {
    const reaches = [
      ...approaches.map(to => reachBy(to, { ...port, without })),
      ...(firewall ? vm.interfaces.map(to => firewallReach(firewall, to, { ...port, without })) : []),
    ];
    if (reaches.some(reach => !isEmpty(reach.sure))) exposed.add(port.port);
    else if (reaches.some(reach => !isEmpty(reach.may))) unknown.add(port.port);
  }
  return { exposed: [...exposed], unknown: [...unknown].filter(port => !exposed.has(port)) };
}
