/** What the window shows: the screen, the selection, and the one dialog that may be open. */
import { create } from 'zustand';

export const screens = ['vms', 'grants', 'activity', 'accounts', 'settings'] as const;
export type Screen = (typeof screens)[number];

export type Dialog =
  | { kind: 'request'; vms: string[] }
  | { kind: 'lock'; vms: string[] }
  | { kind: 'unlock'; vms: string[] }
  | { kind: 'revoke-all' }
  | { kind: 'add-account' }
  | { kind: 'add-aws' }
  | { kind: 'sign-in'; account: string }
  | { kind: 'scopes'; account: string };

interface View {
  screen: Screen;
  dialog: Dialog | undefined;
  /** Narrow windows show the detail pane over the list only when asked. */
  detailShown: boolean;
}

export const useView = create<View>(() => ({ screen: 'vms', dialog: undefined, detailShown: false }));

/** Opens a dialog. */
export function openDialog(dialog: Dialog): void {
  useView.setState({ dialog });
}

/** Shuts the dialog. */
export function closeDialog(): void {
  useView.setState({ dialog: undefined });
}

/** Shows a screen; the address follows, so that back and forward work. */
export function showScreen(screen: Screen): void {
  window.location.hash = `/${screen}`;
}

/** Lets the address decide the screen. */
export function followAddress(): void {
  const read = (): void => {
    const name = window.location.hash.replace(/^#\/?/, '');
    useView.setState({ screen: screens.find(screen => screen === name) ?? 'vms' });
  };
  window.addEventListener('hashchange', read);
  read();
}
