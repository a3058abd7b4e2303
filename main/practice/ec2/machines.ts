/** The world's instances as machines that can be connected to. */
import type { PracticeMachine } from '../machine.ts';
import { interfacesOf } from './actions/call.ts';
import { lets } from './lets.ts';
import { type Instance, instanceArn, instanceState, type World } from './world.ts';

const windowsServices: PracticeMachine['services'] = [
  { port: 3389, speaks: 'rdp' },
  { port: 5985, speaks: 'http' },
  { port: 5986, speaks: 'http' },
];
const linuxServices: PracticeMachine['services'] = [{ port: 22, speaks: 'ssh' }];

/** All instances of all regions, the named ones of each region first. */
export function ec2Machines(world: World): PracticeMachine[] {
  return [...world.regions.values()].flatMap(region =>
    [...region.instances.values()].map((instance): PracticeMachine => {
      const nic = () => region.interfaces.get(instance.interfaceId);
      return {
        id: instanceArn(world, region, instance),
        hostName: hostName(instance),
        os: instance.os,
        services: instance.os === 'windows' ? windowsServices : linuxServices,
        ipv6Only: nic()?.privateAddress === undefined,
        running: () => instanceState(instance, world.now()).name === 'running',
        // A tag, so that anybody can try what a key that was put there does.
        onlyKeys: () => instance.tags.get('practice-login') === 'pushed-key',
        takesKey: (user, key) =>
          world.pushedKeys.some(
            one =>
              one.instance === instanceArn(world, region, instance) &&
              one.user === user &&
              one.key.split(' ')[1] === key &&
              world.now() < one.endsAt,
          ),
        lets: (source, port) => {
          const all = interfacesOf(region, instance);
          return all.some(at => !at.isTrunk && lets(region, at, source, port, world.now()));
        },
      };
    }),
  );
}

/** The Name tag as far as it can be a host name, else the instance id. */
export function hostName(instance: Instance): string {
  const safe = (instance.tags.get('Name') ?? '').replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-|-$/g, '');
  return safe.slice(0, 60) || instance.id;
}
