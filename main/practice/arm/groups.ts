/** Application security groups: a name for interfaces, which NSG rules may take as source or destination. */
import { idOf, type Place } from './build.ts';
import type { Ref } from './resources.ts';
import type { World } from './world.ts';

const nics = 'Microsoft.Network/networkInterfaces';

/** Makes a group. */
export function addGroup(world: World, place: Place, name: string): Ref {
  const type = 'Microsoft.Network/applicationSecurityGroups';
  const id = idOf(place, type, name);
  world.add({ id, name, type, location: place.location, properties: {} });
  return { id };
}

/** Puts every interface of a VM into a group. */
export function joinGroup(world: World, vmId: string, group: Ref): void {
  for (const nic of world.all(nics)) {
    if (nic.properties.virtualMachine.id.toLowerCase() !== vmId.toLowerCase()) continue;
    for (const { properties } of nic.properties.ipConfigurations) {
      (properties.applicationSecurityGroups ??= []).push(group);
    }
  }
}

/** The private addresses of a group's members. */
export function membersOf(world: World, group: string): string[] {
  const wanted = group.toLowerCase();
  return [...world.all(nics)]
    .flatMap(nic => nic.properties.ipConfigurations)
    .filter(one => one.properties.applicationSecurityGroups?.some(ref => ref.id.toLowerCase() === wanted))
    .map(one => one.properties.privateIPAddress);
}
