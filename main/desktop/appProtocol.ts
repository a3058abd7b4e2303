/** The `app://` scheme: the built interface, and nothing else on this disk. */
import { protocol } from 'electron';
import { readWebFile } from '../doors/webFiles.ts';
import { appScheme, contentSecurityPolicy, isOurPage } from './rules.ts';

/** To be called before the app is ready (Electron's rule). */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/** Serves `root` (the folder out/renderer). To be called when the app is ready. */
export function serveInterface(root: string): void {
  protocol.handle(appScheme, async request => {
    const wanted =
      request.method === 'GET' && isOurPage(request.url) ? new URL(request.url).pathname : undefined;
    const file = wanted === undefined ? undefined : await readWebFile(root, wanted);
    if (file === undefined) return new Response('not found', { status: 404 });
    const headers = {
      'Content-Type': file.type,
      'Content-Security-Policy': contentSecurityPolicy,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    };
    return new Response(new Uint8Array(file.body), { headers });
  });
}
