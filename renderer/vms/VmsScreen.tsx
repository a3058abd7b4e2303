/** The VM screen: tabs, search, list, and the detail pane of what is selected. */
import { Tabs } from '@base-ui/react/tabs';
import { useMemo } from 'react';
import type { Tab } from '../../shared/contract/vms.ts';
import { PracticeOffer } from '../accounts/PracticeOffer.tsx';
import { Icon } from '../components/icons.tsx';
import { DetailPane } from '../detail/DetailPane.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { countTabs, matcher } from '../state/vmList.ts';
import { useVms } from '../state/vms.ts';
import { useVmView } from '../state/vmView.ts';
import { FilterChips } from './FilterChips.tsx';
import { RefreshButton } from './RefreshButton.tsx';
import { SearchBox } from './SearchBox.tsx';
import { VmGrid } from './VmGrid.tsx';
import css from './VmsScreen.module.css';

const tabs: readonly Tab[] = ['configured', 'not-configured', 'unsupported'];

export function VmsScreen() {
  const noAccount = useAccounts(state => state.accounts?.length === 0);
  if (noAccount) return <PracticeOffer />;
  return (
    <>
      <VmList />
      <DetailPane />
    </>
  );
}

function VmList() {
  const text = useText();
  const { tab, filter } = useVmView();
  const byId = useVms(state => state.byId);
  const matches = useMemo(() => matcher(filter), [filter]);
  const counts = useMemo(() => countTabs(byId.values(), matches), [byId, matches]);
  const rows = useMemo(() => [...byId.values()].filter(row => row.tab === tab), [byId, tab]);
  return (
    <div className={css.screen}>
      <header className={css.head}>
        <h1>{text('nav.vms')}</h1>
        <SearchBox />
        <RefreshButton />
      </header>
      <Tabs.Root
        className={css.body}
        value={tab}
        onValueChange={(value: Tab) => useVmView.setState({ tab: value })}
      >
        <Tabs.List className={css.tabs} aria-label={text('vms.tabs')}>
          {tabs.map(each => (
            <Tabs.Tab key={each} value={each} className={css.tab}>
              {text(`tab.${each}`)}
              {each !== 'unsupported' && counts.exposed[each] > 0 ? (
                <span className={css.warn}>
                  <Text
                    id="vms.countExposed"
                    values={{
                      count: counts[each],
                      exposed: counts.exposed[each],
                      sign: (
                        <span className={css.sign}>
                          <Icon name="warn" size={11} />
                        </span>
                      ),
                      word: <span className={css.word}>{text('vms.countExposed.word')}</span>,
                    }}
                  />
                </span>
              ) : (
                <span className={css.count}>{text('count', { count: counts[each] })}</span>
              )}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <FilterChips shown={counts[tab]} />
        <Tabs.Panel key={tab} value={tab} className={css.panel} tabIndex={-1}>
          <VmGrid rows={rows} tab={tab} matches={matches} />
        </Tabs.Panel>
      </Tabs.Root>
    </div>
  );
}
