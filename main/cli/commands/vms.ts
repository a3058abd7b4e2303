/** vms, policy */
import { type Command, Option } from 'commander';
import type { Tab, VmList, VmRow } from '../../../shared/contract/vms.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createClock } from '../../os/clock.ts';
import type { Output } from '../output.ts';
import { withBroker } from '../session.ts';
import { policyLines } from '../words.ts';

export function addVms(program: Command): void {
  program
    .command('vms')
    .description('list the VMs of all accounts')
    .addOption(
      new Option('--tab <tab>', 'only one tab').choices(['configured', 'not-configured', 'unsupported']),
    )
    .option('--search <text>', 'only VMs that match')
    .option('--refresh', 'ask the clouds first')
    .addHelpText('after', '\nExamples:\n  latchkey vms --tab configured\n  latchkey vms --search web --json')
    .action((options: { tab?: Tab; search?: string; refresh?: boolean }, command: Command) =>
      withBroker(command, async session => {
        const list = await session.client.vms.list(options);
        session.out.result(list, () => printVms(session.out, list, options.tab));
        for (const scope of list.scopes) {
          if (scope.error) session.out.note(`${showName(scope.scopeName)}: ${showName(scope.error.message)}`);
        }
      }),
    );

  program
    .command('policy <vm>')
    .description('the policy of a VM: its ports, their longest time and allowed sources')
    .action((vm: string, _: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const answer = await client.policies.get({ vm });
        if (answer.error) throw new LatchkeyError(answer.error);
        const { policy, vmName } = answer;
        out.result(answer, () => {
          if (!policy) return out.line(`${showName(vmName)} has no policy. \`latchkey lock\` gives it one.`);
          out.table(['PORT', 'LONGEST', 'SOURCES'], policyLines(policy.ports));
          if (answer.defender !== undefined)
            out.note(
              `By Defender for Cloud’s policy ${showName(answer.defender)}, which ends what it opens by itself.`,
            );
        });
      }),
    );
}

function printVms(out: Output, { vms, counts }: VmList, tab: Tab | undefined): void {
  const now = createClock().now();
  // There nothing can be opened: why not is what matters.
  if (tab === 'unsupported') {
    out.table(
      ['NAME', 'CLOUD', 'OS', 'POWER', 'WHY', 'SCOPE'],
      vms.map(vm => [vm.name, vm.cloud, vm.os, vm.power, vm.reason ?? '', vm.scopeName]),
    );
  } else {
    out.table(
      [
        'NAME',
        'CLOUD',
        'OS',
        'POWER',
        'TAB',
        'ACCESS',
        'PORTS',
        'APPROVED',
        'LAST ACCESS',
        'LAST USER',
        'ADDRESS',
        'SCOPE',
      ],
      vms.map(vm => [
        vm.name,
        vm.cloud,
        vm.os,
        vm.power,
        vm.tab,
        accessText(vm),
        vm.protectedPorts.join(','),
        approvedText(vm),
        lastText(vm, now),
        vm.lastUser ?? '',
        addressText(vm),
        vm.scopeName,
      ]),
    );
  }
  out.line();
  for (const { changed } of vms) {
    if (changed !== undefined) out.line(out.paint('yellow', `! ${showName(changed.text)}`));
  }
  out.line(
    `${counts.configured} configured · ${counts.notConfigured} not configured · ${counts.unsupported} unsupported` +
      (counts.exposed > 0 ? ` · ${out.paint('red', `${counts.exposed} exposed`)}` : ''),
  );
}

/** Of the last 7 days; nothing where nothing can be requested. */
function approvedText({ tab, week }: VmRow): string {
  const sum = week.reduce((total, day) => total + day, 0);
  return tab === 'configured' || sum > 0 ? String(sum) : '';
}

function lastText({ access, tab, lastAccess, activeUntil }: VmRow, now: number): string {
  if (access === 'open' || (activeUntil !== undefined && Date.parse(activeUntil) > now)) return 'active now';
  if (lastAccess !== undefined) return new Date(lastAccess).toLocaleDateString('sv-SE');
  return tab === 'configured' ? 'n/a' : '';
}

/** Where a load balancer or a firewall leads to a VM without a public address, its private one says little: it says where. */
function addressText({ addresses, endpoints }: VmRow): string {
  const [endpoint] = endpoints;
  const through =
    endpoint && !addresses.private.includes(endpoint.host) ? `${endpoint.host}:${endpoint.hostPort}` : '';
  return addresses.public[0] ?? (through || (addresses.private[0] ?? ''));
}

function accessText({ access, exposedPorts }: VmRow): string {
  return access === 'exposed' ? `exposed: ${exposedPorts.join(',')}` : access;
}
