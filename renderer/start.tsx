/** Puts the window on the page and connects it over a transport. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { IntlProvider } from 'react-intl';
import './tokens.css';
import './base.css';
import { App } from './App.tsx';
import { en } from './i18n/en.ts';
import { connect } from './state/connection.ts';
import { desktop } from './state/desktop.ts';
import { obeySettings } from './state/settings.ts';
import type { Transport } from './state/transport.ts';
import { followAddress, screens, showScreen } from './state/view.ts';

/** Starts the window. Call once. */
export function start(transport: Transport): void {
  const root = document.getElementById('root');
  if (root === null) throw new Error('the page has no #root');
  obeySettings(document.documentElement);
  followAddress();
  desktop()?.onShow(name => {
    const screen = screens.find(known => known === name);
    if (screen !== undefined) showScreen(screen);
  });
  connect(transport);
  createRoot(root).render(
    <StrictMode>
      <IntlProvider locale="en" messages={en}>
        <App />
      </IntlProvider>
    </StrictMode>,
  );
}
