/** What is known of a VM, held against what Latchkey is to do with it. Pure, and the same for every cloud. */
import type { Finding } from '../../contract/doctor.ts';
import { LatchkeyError } from '../../errors.ts';
import { defenderOf } from '../defender.ts';
import { adminNotes, adminWarnings } from '../effective/admin.ts';
import { checkRequest } from '../request.ts';
import { roleCommand } from '../rights/azureRole.ts';
import { accessOf, policyInForce, tabOf, watchedPorts } from '../tabs.ts';
import { formatDuration } from '../time.ts';
import type { Vm } from '../vm.ts';
import { ok, problem, warning } from './finding.ts';

/** Its policy, who gets in without a grant, admin rules, its power and its addresses. */
export function vmFindings(vm: Vm): Finding[] {
  if (vm.kind === 'classic') return [policyFinding(vm)];
  return [
    policyFinding(vm),
    ...exposureFindings(vm),
    ...adminFindings(vm),
    powerFinding(vm),
    addressFinding(vm),
  ];
}

function policyFinding(vm: Vm): Finding {
  const { tab, reason = '' } = tabOf(vm);
  if (tab === 'unsupported')
    return problem(
      'policy',
      `It can’t be configured. ${reason}`,
      'Change that in the cloud; until then nothing can be opened here.',
    );
  if (vm.policyError !== undefined)
    return problem(
      'policy',
      vm.policyError.message,
      vm.policyError.fix ?? 'Lock it again: `latchkey lock` writes a new policy.',
    );
  if (tab === 'not-configured')
    return warning(
      'policy',
      'It has no just-in-time policy yet.',
      'Lock it: `latchkey lock` shows what that would change.',
    );
  const ports = policyInForce(vm).ports.map(
    ({ port, maxMs }) => `${port} (at most ${formatDuration(maxMs)})`,
  );
  const whose = defenderOf(vm);
  const where = whose === undefined ? '' : ` (“${whose.policyName}” of Defender for Cloud)`;
  return ok('policy', `Its policy is readable${where}: ${ports.join(', ')}.`);
}

/** A configured VM that lets others in is a door left open; one that is not configured has only itself to blame. */
function exposureFindings(vm: Vm): Finding[] {
  if (vm.interfaces.length === 0) return [];
  const { exposedPorts } = accessOf({ ...vm, power: 'running' }, false);
  if (exposedPorts.length === 0)
    return [ok('exposure', 'No protected port lets anybody from the internet in without a grant.')];
  const ports = exposedPorts.join(', ');
  return [
    vm.policy === undefined
      ? warning(
          'exposure',
          `Anybody may get in from the internet: port ${ports}.`,
          'Lock it: `latchkey lock` shows what that would change.',
        )
      : problem(
          'exposure',
          `It is locked, and all the same somebody gets in from the internet without a grant: port ${ports}.`,
          'Lock it again: the plan names the rules that stand before the lock and moves them.',
        ),
  ];
}

const askTheirKeeper = 'Ask whoever keeps Virtual Network Manager for an exception for this VM.';

/** Admin rules stand before every NSG: a grant or a lock can be in vain under them. */
function adminFindings(vm: Vm): Finding[] {
  if (vm.cloud !== 'azure' || vm.interfaces.length === 0) return [];
  const layers = vm.interfaces.flatMap(nic => nic.layers.filter(({ mode }) => mode === 'admin'));
  const unread = layers.find(layer => layer.unread !== undefined)?.unread;
  if (unread !== undefined)
    return [
      warning(
        'admin-rules',
        `Whether an admin rule stands before the NSGs is not known: ${unread}.`,
        `Ask for the role “Latchkey view” (\`${roleCommand({ job: 'view' }, vm.scope)}\` prints it).`,
      ),
    ];
  const found = adminWarnings(vm, watchedPorts(vm));
  if (found.length > 0) return found.map(text => warning('admin-rules', text, askTheirKeeper));
  return [
    ok(
      'admin-rules',
      layers.length === 0
        ? 'No admin rule of Virtual Network Manager stands before its gates.'
        : 'The admin rules of Virtual Network Manager leave its protected ports alone.',
    ),
  ];
}

function powerFinding(vm: Vm): Finding {
  switch (vm.power) {
    case 'running':
      return ok('power', 'It runs.');
    case 'starting':
      return warning('power', 'It is starting.', 'Wait a minute, then connect.');
    case 'stopping':
    case 'stopped':
      return problem(
        'power',
        `It is ${vm.power}: nothing will answer.`,
        'Start it in the cloud, then connect.',
      );
    case 'unknown':
      return warning(
        'power',
        'The cloud does not tell whether it runs.',
        'Look at it in the cloud’s own console.',
      );
  }
}

function addressFinding(vm: Vm): Finding {
  const through = vm.firewall?.publicAddresses[0];
  if (vm.firewall !== undefined && through !== undefined)
    return ok('address', `It is reached through the firewall ${vm.firewall.gate.name} at ${through}.`);
  const own = vm.interfaces.flatMap(nic => nic.publicAddresses);
  const forwards = vm.interfaces.flatMap(nic => nic.forwards ?? []);
  const [first] = own;
  if (first !== undefined) {
    const v6 = own.every(address => address.includes(':'));
    return v6
      ? warning(
          'address',
          `Its only public address is IPv6 (${first}).`,
          'You need IPv6 where you are: `latchkey ip` tells; else set an address in its connection settings.',
        )
      : ok('address', `It has a public address: ${own.join(', ')}.`);
  }
  if (forwards.length > 0)
    return ok('address', `It is reached through ${[...new Set(forwards.map(one => one.by))].join(', ')}.`);
  if (vm.interfaces.every(nic => nic.privateAddresses.length === 0))
    return problem('address', 'It has no address at all.', 'Give it a network interface with an address.');
  return warning(
    'address',
    'It has no public address.',
    'Be in its network (VPN, peering), or set an address or a jump host in its connection settings.',
  );
}

/** Would a request from here be taken? `sources`: what we are seen as, canonical CIDRs; or why that is not known. */
export function myIpFindings(vm: Vm, sources: string[] | LatchkeyError): Finding[] {
  if (sources instanceof LatchkeyError)
    return [problem('my-ip', sources.message, sources.fix ?? '`latchkey ip` tells who saw what.')];
  const seen = sources.join(', ');
  if (vm.policy === undefined) return [ok('my-ip', `You are seen as ${seen}.`)];
  try {
    const { ports } = checkRequest(vm.policy, vm.os, { sources });
    adminNotes(vm, { ports, sources });
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    const check = error.code === 'ADMIN_RULE_DENIES' ? 'admin-rules' : 'my-ip';
    return [
      problem(check, `You are seen as ${seen}. ${error.message}`, error.fix ?? 'Ask for another source.'),
    ];
  }
  return [ok('my-ip', `You are seen as ${seen}, which the policy allows.`)];
}
