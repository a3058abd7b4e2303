/** Puts the rules of rules.ts on every page there is or will be. */
import { app, session } from 'electron';
import { isOurPage, mayHave } from './rules.ts';

/** To be called when the app is ready, before the first window. */
export function lockDown(): void {
  session.defaultSession.setPermissionRequestHandler((contents, permission, answer) => {
    answer(mayHave(permission, contents.getURL()));
  });
  session.defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
    mayHave(permission, origin),
  );
  session.defaultSession.setDevicePermissionHandler(() => false);
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', event => {
      if (!isOurPage(event.url)) event.preventDefault();
    });
    contents.on('will-frame-navigate', event => {
      if (!isOurPage(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', event => event.preventDefault());
    contents.on('will-attach-webview', event => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}
