/** Builds the window over the fake broker and serves it on loopback, with the real door's content security policy. */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** `url` ends with a slash. */
export async function serveFake(): Promise<{ url: string; close: () => Promise<void> }> {
  const config = fileURLToPath(new URL('vite.config.ts', import.meta.url));
  await build({ configFile: config, logLevel: 'error' });
  const folder = new URL('../../out/fake-window/', import.meta.url);
  const answer = async (url: string, response: ServerResponse): Promise<void> => {
    const path = new URL(url, 'http://127.0.0.1').pathname.slice(1) || 'index.html';
    const body = await readFile(new URL(path, folder)).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'content-security-policy': policy,
    });
    response.end(body);
  };
  const server = createServer((request, response) => void answer(request.url ?? '/', response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}
