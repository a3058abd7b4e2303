/** What there is to know of an account, as names and values. */
import type { ReactNode } from 'react';
import type { Account } from '../../shared/contract/accounts.ts';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import type { useText } from '../i18n/text.tsx';

export function accountFacts(account: Account, text: ReturnType<typeof useText>): [string, ReactNode][] {
  const { azure, way, chosenScopes } = account;
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
          [
            text('accounts.scopes'),
            chosenScopes === undefined
              ? text('accounts.scopes.all')
              : text('accounts.scopes.some', { count: chosenScopes.length }),
          ],
        ] satisfies [string, ReactNode][])),
    [text('accounts.added'), <When key="added" at={account.addedAt} />],
  ];
}
