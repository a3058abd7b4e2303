/** The left side: screens with what is worth knowing about each, and where the person is seen from. */
import { Icon, type IconName } from '../components/icons.tsx';
import { useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { useGrants } from '../state/grants.ts';
import { type Screen, screens, useView } from '../state/view.ts';
import { useVms } from '../state/vms.ts';
import css from './Navigation.module.css';
import { SeenFrom } from './SeenFrom.tsx';

const icons: Record<Screen, IconName> = {
  vms: 'vm',
  grants: 'doorShut',
  activity: 'activity',
  accounts: 'cloud',
  settings: 'settings',
};

function Mark({ screen }: { screen: Screen }) {
  const text = useText();
  const vms = useVms(state => state.byId.size);
  const accounts = useAccounts(state => state.accounts?.length ?? 0);
  const shown = useGrants(state => state.shown);
  if (screen === 'vms' && vms > 0) return <span className={css.count}>{text('count', { count: vms })}</span>;
  if (screen === 'accounts' && accounts > 0) return <span className={css.count}>{accounts}</span>;
  if (screen !== 'grants' || shown.size === 0) return null;
  const stuck = [...shown.values()].filter(grant => grant.state === 'stuck').length;
  return stuck > 0 ? (
    <span className={css.stuck} data-count={stuck}>
      {text('nav.stuck', { count: stuck })}
    </span>
  ) : (
    <span className={css.open} data-count={shown.size}>
      {text('nav.open', { count: shown.size })}
    </span>
  );
}

export function Navigation() {
  const text = useText();
  const current = useView(view => view.screen);
  return (
    <nav className={css.nav} aria-label={text('nav.label')}>
      <div className={css.brand}>
        <Icon name="key" size={18} />
        <span className={css.word}>{text('app.name')}</span>
      </div>
      <ul className={css.links}>
        {screens.map(screen => (
          <li key={screen}>
            <a
              href={`#/${screen}`}
              className={css.link}
              aria-current={screen === current ? 'page' : undefined}
              title={text(`nav.${screen}`)}
            >
              <Icon name={icons[screen]} size={16} />
              <span className={css.word}>{text(`nav.${screen}`)}</span>
              <Mark screen={screen} />
            </a>
          </li>
        ))}
      </ul>
      <SeenFrom />
    </nav>
  );
}
