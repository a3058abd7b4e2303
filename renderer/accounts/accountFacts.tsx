/** What there is to know of an account, as names and values. */
import type { ReactNode } from 'react';
import type { Account } from '../../shared/contract/accounts.ts';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import type { useText } from '../i18n/text.tsx';

export function accountFacts(account: Account, text: ReturnType<typeof useText>): [string, ReactNode][] {
  const { azure, aws, way, chosenScopes } = account;
  const chosen =
    chosenScopes === undefined
      ? text('accounts.scopes.all')
      : text('accounts.scopes.some', { count: chosenScopes.length });
  return [
    [text('accounts.user'), <Name key="user">{account.user ?? '—'}</Name>],
    ...(azure === undefined
      ? []
      : ([
          [text('accounts.cloud'), <Name key="cloud">{azure.cloud}</Name>],
          [text('accounts.tenant'), <Name key="tenant">{azure.tenant}</Name>],
        ] satisfies [string, ReactNode][])),
    ...(way === undefined
      ? []
      : ([
          [text('accounts.way'), text(`signIn.by.${way}`)],
          [text('accounts.scopes'), chosen],
        ] satisfies [string, ReactNode][])),
    ...(aws === undefined ? [] : awsFacts(aws, chosenScopes === undefined, chosen, text)),
    [text('accounts.added'), <When key="added" at={account.addedAt} />],
  ];
}

function awsFacts(
  { way, account, partition, profile, startUrl, endpoint, regions }: NonNullable<Account['aws']>,
  isAll: boolean,
  chosen: string,
  text: ReturnType<typeof useText>,
): [string, ReactNode][] {
  const fact = (name: 'profile' | 'startUrl' | 'endpoint', value: string | undefined) =>
    value === undefined
      ? []
      : [[text(`accounts.${name}`), <Name key={name}>{value}</Name>] satisfies [string, ReactNode]];
  return [
    [text('accounts.account'), partition === 'aws' ? account : `${account} (${partition})`],
    [text('accounts.way'), text(`aws.by.${way}`)],
    ...fact('profile', profile),
    ...fact('startUrl', startUrl),
    ...fact('endpoint', endpoint),
    [text('accounts.regions'), isAll && regions !== 'all' ? regions.join(', ') : chosen],
  ];
}
