/** The right side of the VM screen: what is selected, and what can be done with it. */
import { useMemo } from 'react';
import { IconButton } from '../components/Button.tsx';
import { Empty } from '../components/Screen.tsx';
import { useText } from '../i18n/text.tsx';
import { useSelection } from '../state/selection.ts';
import { useView } from '../state/view.ts';
import { useVms } from '../state/vms.ts';
import css from './DetailPane.module.css';
import { SeveralVms } from './SeveralVms.tsx';
import { VmDetails } from './VmDetails.tsx';

export function DetailPane() {
  const text = useText();
  const { active, selected } = useSelection();
  const byId = useVms(state => state.byId);
  const shown = useView(view => view.detailShown);
  const rows = useMemo(
    () => [...selected].map(id => byId.get(id)).filter(row => row !== undefined),
    [byId, selected],
  );
  const row = active === undefined ? undefined : byId.get(active);
  return (
    <aside className={css.pane} data-shown={shown || undefined} aria-label={text('detail.label')}>
      <div className={css.close}>
        <IconButton
          icon="close"
          label={text('detail.close')}
          onClick={() => useView.setState({ detailShown: false })}
        />
      </div>
      {rows.length > 1 ? (
        <SeveralVms rows={rows} />
      ) : row !== undefined ? (
        <VmDetails key={row.id} row={row} />
      ) : (
        <Empty title={text('detail.none')}>
          <p>{text('detail.none.fix')}</p>
        </Empty>
      )}
    </aside>
  );
}
