/** The doctor: one VM and all it takes to reach it, or the accounts and this computer. Looks, and changes nothing. */
import type { Account } from '../../../shared/contract/accounts.ts';
import type { Examination, Finding } from '../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../shared/domain/doctor/finding.ts';
import { myIpFindings, vmFindings } from '../../../shared/domain/doctor/vmFindings.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Os } from '../../os/ports.ts';
import type { AccountsService } from '../accounts/index.ts';
import type { Doctor, Egress, Inventory } from '../services.ts';
import { computerFindings, type FindClient } from './computer.ts';

/** More than this between the clocks, and grants end at another time than screens say. Milliseconds. */
const clockErrorToTellMs = 60_000;

export function createDoctor(deps: {
  os: Pick<Os, 'keychain' | 'log'>;
  accounts: Pick<AccountsService, 'list' | 'cloud' | 'settled'>;
  inventory: Pick<Inventory, 'find' | 'fresh'>;
  egress: Pick<Egress, 'get' | 'sources'>;
  client: FindClient;
}): Doctor {
  const { os, accounts, inventory, egress, client } = deps;

  async function examineVm(ref: string): Promise<Examination> {
    const known = await inventory.find(ref);
    const account = accounts.list().find(({ id }) => id === known.account);
    const signIn = account ? await accountFindings(account) : [];
    const examined = { id: known.id, name: known.name };
    // Nothing below could be asked.
    if (signIn.some(({ check, state }) => check === 'sign-in' && state === 'problem'))
      return { vm: examined, findings: signIn };
    const vm = await look(known);
    const here = computerFindings(
      { client, keychain: account?.kind === 'practice' ? undefined : os.keychain },
      known,
    );
    if (vm instanceof LatchkeyError)
      return { vm: examined, findings: [...signIn, couldNot('power', vm), ...(await here)] };
    const asked = await Promise.all([askCloud(vm), myIp(vm), here]);
    return { vm: examined, findings: [...signIn, ...vmFindings(vm), ...asked.flat()] };
  }

  async function examineAll(): Promise<Examination> {
    await accounts.settled();
    const list = accounts.list();
    const here = computerFindings({ client, keychain: os.keychain });
    if (list.length === 0) {
      const fix = 'Add one: `latchkey accounts add azure`, or try `latchkey --practice vms`.';
      return { findings: [problem('sign-in', 'No account is signed in.', fix), ...(await here)] };
    }
    const each = list.map(async account => {
      const signIn = await accountFindings(account);
      if (signIn.some(({ state }) => state === 'problem')) return signIn;
      return [...signIn, ...(await askCloud(undefined, account))];
    });
    return { findings: (await Promise.all([...each, observersFindings(), here])).flat() };
  }

  /** Is the sign-in taken now, and do the clocks agree? */
  async function accountFindings({ id, name }: Account): Promise<Finding[]> {
    const cloud = accounts.cloud(parseAccountId(id));
    try {
      const { user } = await cloud.identity();
      const aheadMs = -cloud.clockOffset();
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      return [
        ok('sign-in', `You are signed in as ${user}.`, name),
        Math.abs(aheadMs) > clockErrorToTellMs
          ? warning(
              'clock',
              `This computer’s clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the cloud’s. Grants end by the cloud’s time.`,
              'Set it, or have it set by a time server.',
              name,
            )
          : ok('clock', 'This computer’s clock agrees with the cloud’s.', name),
      ];
    } catch (thrown) {
      const { message, fix } = told(thrown);
      return [problem('sign-in', message, fix ?? '`latchkey accounts` says how it stands.', name)];
    }
  }

  async function look(vm: Vm): Promise<Vm | LatchkeyError> {
    try {
      return await inventory.fresh(vm.id);
    } catch (thrown) {
      // That it is gone is no finding about it.
      if (thrown instanceof LatchkeyError && thrown.code === 'VM_NOT_FOUND') throw thrown;
      return told(thrown);
    }
  }

  async function askCloud(vm: Vm | undefined, account?: Account): Promise<Finding[]> {
    try {
      return await accounts.cloud(vm?.account ?? parseAccountId(account?.id ?? '')).examine(vm);
    } catch (thrown) {
      return [couldNot('rights', told(thrown), account?.name)];
    }
  }

  async function myIp(vm: Vm): Promise<Finding[]> {
    if (vm.kind === 'classic') return [];
    return myIpFindings(vm, await egress.sources(vm, ['my-ip'], []).catch(told));
  }

  async function observersFindings(): Promise<Finding[]> {
    const { ipv4, ipv6 } = await egress.get(false);
    const states = [ipv4, ipv6].map(({ state }) => state);
    const seen = [ipv4, ipv6].flatMap(({ address, ranges }) => ranges ?? address ?? []).join(', ');
    if (states.includes('differ'))
      return [
        warning(
          'my-ip',
          'The observers of your address saw different ones.',
          'If your organisation leaves through several addresses, put their ranges into the settings; `latchkey ip` tells who saw what.',
        ),
      ];
    if (states.some(state => state === 'agreed' || state === 'organisation'))
      return [ok('my-ip', `You are seen as ${seen}.`)];
    return [
      problem(
        'my-ip',
        'Your address could not be found out.',
        '`latchkey ip --refresh` tells who was asked; name it with --source when you ask.',
      ),
    ];
  }

  /** A thrown error as one to tell; a defect is logged as well. */
  function told(thrown: unknown): LatchkeyError {
    if (thrown instanceof LatchkeyError) return thrown;
    os.log.error({ error: thrown }, 'the doctor met a defect');
    return new LatchkeyError(toErrorData(thrown), { cause: thrown });
  }

  return { examine: ref => (ref === undefined ? examineAll() : examineVm(ref)) };
}

function couldNot(check: Finding['check'], error: LatchkeyError, subject?: string): Finding {
  return warning(
    check,
    `This could not be looked at. ${error.message}`,
    error.fix ?? 'Try again later.',
    subject,
  );
}
