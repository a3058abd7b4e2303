/** Guards of the accounts: what ends grants in a cloud while no computer of ours is on. */
import type { Account } from '../../../shared/contract/accounts.ts';
import type { CloudKind } from '../../../shared/contract/common.ts';
import type { AccountGuardPlan, Guard, GuardPlan } from '../../../shared/contract/guard.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import { guardOf } from '../../clouds/cloud.ts';
import type { Accounts, Activity, Grants, GuardOf, Guards } from '../services.ts';

export interface GuardDeps {
  accounts: Pick<Accounts, 'list' | 'cloud'>;
  grants: Pick<Grants, 'writeEndsAgain'>;
  activity: Pick<Activity, 'write'>;
}

export function createGuards({ accounts, grants, activity }: GuardDeps): Guards {
  const head = ({ id, name, cloud }: Account) => ({ account: id, accountName: name, cloud });

  function meant({ cloud, account }: GuardOf): Account[] {
    const all = accounts.list().filter(one => one.cloud === cloud);
    const found = account === undefined ? all : all.filter(one => one.id === account);
    if (found.length > 0) return found;
    throw new LatchkeyError({
      code: account === undefined ? 'NO_ACCOUNT' : 'ACCOUNT_NOT_FOUND',
      message:
        account === undefined
          ? `There is no ${words[cloud]} account.`
          : `There is no ${words[cloud]} account ${account}.`,
      fix: '`latchkey accounts` lists them.',
    });
  }

  /** Throws UNSUPPORTED where the account's cloud has none. */
  const of = (account: Account) => guardOf(accounts.cloud(parseAccountId(account.id)));

  async function stateOf(account: Account): Promise<Guard> {
    try {
      return { ...head(account), guard: await of(account).state() };
    } catch (error) {
      return { ...head(account), error: toErrorData(error) };
    }
  }

  async function plan(which: GuardOf, kind: GuardPlan['kind']): Promise<AccountGuardPlan[]> {
    return await Promise.all(
      meant(which).map(async account => ({ ...head(account), plan: await of(account).plan(kind) })),
    );
  }

  return {
    status: async which => await Promise.all(meant(which).map(stateOf)),
    plan,
    async apply(which, kind, fingerprints) {
      const plans = await plan(which, kind);
      const news = plans.filter(one => !fingerprints.includes(one.plan.fingerprint));
      if (news.length > 0) {
        throw new LatchkeyError({
          code: 'PLAN_CHANGED',
          message: `Things have changed since the plan was made: ${news.map(one => one.accountName).join(', ')}.`,
          fix: 'Look at the new plan and confirm it.',
        });
      }
      for (const account of meant(which)) {
        const mine = plans.find(one => one.account === account.id)?.plan;
        if (mine === undefined || mine.steps.length === 0) continue;
        await of(account).apply(mine);
        activity.write({
          kind: 'account',
          account: parseAccountId(account.id),
          text: `Guard of ${account.name}: ${mine.steps.map(step => step.what).join(' ')}`,
        });
        await grants.writeEndsAgain(parseAccountId(account.id));
      }
      return await Promise.all(meant(which).map(stateOf));
    },
  };
}

const words = { azure: 'Azure', aws: 'AWS' } as const satisfies Record<CloudKind, string>;
