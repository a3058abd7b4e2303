/** What a lock's plan says of network ACLs: protected ports that no grant will open, because the subnet shuts them. */
import type { Policy } from '../../../shared/contract/policies.ts';
import { cidrFamily } from '../../../shared/domain/cidr.ts';
import { inTheWay, type Obstacle } from '../../../shared/domain/effective/inTheWay.ts';
import type { Vm } from '../../../shared/domain/vm.ts';

const anywhere = ['0.0.0.0/0', '::/0'];

/** One sentence for each rule of an ACL that decides, with all the ports it shuts. */
export function shutByAcl(vm: Vm, policy: Policy): string[] {
  const families = new Set(vm.interfaces.flatMap(nic => nic.privateAddresses).map(cidrFamily));
  const everybody = anywhere.filter(cidr => families.has(cidrFamily(cidr)));
  const found = policy.ports.flatMap(({ port, protocol, sources }) => {
    const asked = { ports: [{ port, protocol }], sources: sources.length > 0 ? sources : everybody };
    return inTheWay(vm, asked, new Set()).filter(({ gate }) => gate.kind === 'network-acl');
  });
  const same = Map.groupBy(found, ({ gate, rule, partly, source }) =>
    [gate.id, rule?.id, partly, source].join(' '),
  );
  return [...same.values()].flatMap(all => (all[0] === undefined ? [] : sentence(all[0], all)));
}

function sentence({ gate, rule, partly, source }: Obstacle, all: Obstacle[]): string {
  const ports = all.map(({ port, protocol }) => `${protocol.toUpperCase()} ${port}`).join(', ');
  const who = anywhere.includes(source) ? 'everybody' : source;
  const by = rule?.priority === undefined ? '' : ` (rule ${rule.priority})`;
  return partly
    ? `The network ACL ${gate.name} keeps some of ${who === 'everybody' ? 'the internet' : who} from ${ports}${by}: for them a grant opens nothing. Latchkey does not change it.`
    : `The network ACL ${gate.name} keeps ${who} from ${ports}${by}: a grant opens nothing there. Latchkey does not change it.`;
}
