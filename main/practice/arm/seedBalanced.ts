/** A corner of Contoso behind a load balancer. */
import { addBalancer } from './balancer.ts';
import { allowHttps, type Builder, type MakeVm, type Place } from './build.ts';

/** VMs without a public address: two are reached by rules of their own, two by a range of ports. */
export function seedBalanced(builder: Builder, where: Place, vm: MakeVm): void {
  const nsg = builder.nsg(where, 'api-nsg', [allowHttps()]);
  const network = builder.network(where, 'api-vnet', ['10.60.0.0/16']);
  const subnet = builder.subnet(network, 'api', ['10.60.1.0/24'], nsg);
  const spec = { subnet, isPublic: false };
  const one = vm(where, { ...spec, name: 'api-1', os: 'Linux' }, [nsg]);
  const two = vm(where, { ...spec, name: 'api-2', os: 'Linux' }, [nsg]);
  const three = vm(where, { ...spec, name: 'api-3', os: 'Windows' });
  if (one === undefined || two === undefined || three === undefined) return;
  addBalancer(builder, where, 'api-lb', '203.0.113.250', [
    { name: 'ssh-api-1', frontendPort: 50_022, backendPort: 22, vms: [one] },
    { name: 'ssh', frontendPort: 51_000, backendPort: 22, vms: [two, three] },
    { name: 'rdp-api-3', frontendPort: 50_389, backendPort: 3389, vms: [three] },
  ]);
}
