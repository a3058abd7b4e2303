/** The person's settings, and what of them the page itself obeys: theme and density. */
import { create } from 'zustand';
import type { Settings } from '../../shared/contract/accounts.ts';
import { broker } from './broker.ts';

interface SettingsState {
  settings: Settings | undefined;
  load: () => Promise<void>;
  /** Saves a change. Throws what the broker threw. */
  change: (change: Partial<Settings>) => Promise<void>;
}

export const useSettings = create<SettingsState>(set => ({
  settings: undefined,
  async load() {
    const settings = await broker().settings.get({});
    set({ settings });
  },
  async change(change) {
    const settings = await broker().settings.set(change);
    set({ settings });
  },
}));

/** Puts theme and density on the document, now and at each change. */
export function obeySettings(root: HTMLElement): void {
  useSettings.subscribe(({ settings }) => {
    if (settings === undefined) return;
    if (settings.theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = settings.theme;
    root.dataset['density'] = settings.density;
  });
}
