/** The page that a browser ends a sign-in with. */
import type { ServerResponse } from 'node:http';
import type { RedirectPage } from './ports.ts';

/** Answers with it; nothing in it runs, and nobody keeps it. */
export function showPage(response: ServerResponse, status: number, { title, text }: RedirectPage): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Latchkey</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { min-height: 90vh; display: grid; place-content: center; margin: 0 auto; max-width: 32em; padding: 2em }
h1 { font-size: 1.3em; margin: 0 }
p { opacity: .75; margin: .4em 0 0 }
</style>
<h1>${escapeText(title)}</h1><p>${escapeText(text)}</p></html>`);
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
