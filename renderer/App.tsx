/** The window: navigation, the screen, the open doors, and what floats above. */
import { Toast } from '@base-ui/react/toast';
import { useEffect } from 'react';
import css from './App.module.css';
import { AccountsScreen } from './accounts/AccountsScreen.tsx';
import { AddAccountDialog } from './accounts/AddAccountDialog.tsx';
import { AddAwsDialog } from './accounts/AddAwsDialog.tsx';
import { ScopesDialog } from './accounts/ScopesDialog.tsx';
import { SignInDialog } from './accounts/SignInDialog.tsx';
import { ActivityScreen } from './activity/ActivityScreen.tsx';
import { Toasts } from './components/Toasts.tsx';
import { GrantsScreen } from './grants/GrantsScreen.tsx';
import { RevokeAllDialog } from './grants/RevokeAllDialog.tsx';
import { LockDialog } from './lock/LockDialog.tsx';
import { RequestDialog } from './request/RequestDialog.tsx';
import { SettingsScreen } from './settings/SettingsScreen.tsx';
import { ConnectionBanner } from './shell/ConnectionBanner.tsx';
import { Doors } from './shell/Doors.tsx';
import { Navigation } from './shell/Navigation.tsx';
import { Refused } from './shell/Refused.tsx';
import { useConnection } from './state/broker.ts';
import { toasts } from './state/toasts.ts';
import { type Screen, showScreen, useView } from './state/view.ts';
import { askForSearch } from './state/vmView.ts';
import { VmsScreen } from './vms/VmsScreen.tsx';

function ScreenOf({ screen }: { screen: Screen }) {
  switch (screen) {
    case 'vms':
      return <VmsScreen />;
    case 'grants':
      return <GrantsScreen />;
    case 'activity':
      return <ActivityScreen />;
    case 'accounts':
      return <AccountsScreen />;
    case 'settings':
      return <SettingsScreen />;
  }
}

function OpenDialog() {
  const dialog = useView(view => view.dialog);
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'request':
      return <RequestDialog vms={dialog.vms} />;
    case 'lock':
    case 'unlock':
      return <LockDialog kind={dialog.kind} vms={dialog.vms} />;
    case 'revoke-all':
      return <RevokeAllDialog />;
    case 'add-account':
      return <AddAccountDialog />;
    case 'add-aws':
      return <AddAwsDialog />;
    case 'sign-in':
      return <SignInDialog id={dialog.account} />;
    case 'scopes':
      return <ScopesDialog id={dialog.account} />;
  }
}

/** Ctrl/Cmd K, and `/` outside of text fields, lead to the search box from every screen. */
function useSearchKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const writes = event.target instanceof Element && event.target.matches('input, textarea, select');
      const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
      const slash = event.key === '/' && !writes;
      if (useView.getState().dialog !== undefined || (!command && !slash)) return;
      event.preventDefault();
      showScreen('vms');
      askForSearch();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

export function App() {
  useSearchKeys();
  const screen = useView(view => view.screen);
  const refused = useConnection(({ state }) => state === 'refused');
  if (refused) return <Refused />;
  return (
    <Toast.Provider toastManager={toasts}>
      <div className={css.window}>
        <Navigation />
        <div className={css.work}>
          <ConnectionBanner />
          <main className={css.screen}>
            <ScreenOf screen={screen} />
          </main>
          <Doors />
        </div>
      </div>
      <OpenDialog />
      <Toasts />
    </Toast.Provider>
  );
}
