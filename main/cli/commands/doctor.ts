/** doctor: what stands in the way, each with its remedy. */
import type { Command } from 'commander';
import type { Examination, Finding } from '../../../shared/contract/doctor.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import type { Output } from '../output.ts';
import { withBroker } from '../session.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor [vm]')
    .description(
      'look for what stands in the way of a VM, or of the accounts and this computer; changes nothing',
    )
    .addHelpText(
      'after',
      '\nExit status: 0 no problem (there may be warnings) · 1 a problem was found · others as everywhere.\n\nExamples:\n  latchkey doctor\n  latchkey doctor web-1 --json',
    )
    .action((vm: string | undefined, _: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const examination = await client.doctor.examine(vm === undefined ? {} : { vm });
        out.result(examination, () => printFindings(out, examination));
        if (examination.findings.some(({ state }) => state === 'problem')) process.exitCode = 1;
      }),
    );
}

const styles = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function printFindings(out: Output, { vm, findings }: Examination): void {
  if (vm) out.line(out.paint('bold', showName(vm.name)));
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  for (const { check, state, subject, text, fix } of findings) {
    const about = subject === undefined || subject === vm?.name ? '' : `${showName(subject)}: `;
    out.line(
      `${out.paint(styles[state], state.padEnd(7))}  ${check.padEnd(width)}  ${about}${showName(text)}`,
    );
    if (fix !== undefined) out.line(`${' '.repeat(11 + width)}→ ${showName(fix)}`);
  }
  out.line();
  out.line([count(findings, 'problem'), count(findings, 'warning')].join(' · '));
}

function count(findings: Finding[], state: 'problem' | 'warning'): string {
  const many = findings.filter(finding => finding.state === state).length;
  return many === 1 ? `1 ${state}` : `${many === 0 ? 'no' : many} ${state}s`;
}
