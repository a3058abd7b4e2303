/** The built interface, read from its folder and from nowhere else. */
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

export interface WebFile {
  type: string;
  body: Buffer;
}

/** The file an address path means (`/` is index.html), or undefined if the folder has none, or it is not of a kind we serve. */
export async function readWebFile(folder: string, addressPath: string): Promise<WebFile | undefined> {
  const type = types[addressPath === '/' ? '.html' : extname(addressPath)];
  if (type === undefined) return undefined;
  try {
    const root = await realpath(folder);
    const path = decodeURIComponent(addressPath === '/' ? '/index.html' : addressPath);
    // After every link is followed: neither `..` nor a link leads out.
    const file = await realpath(join(root, path));
    if (!file.startsWith(root + sep)) return undefined;
    return { type, body: await readFile(file) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const none = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE'];
    if (error instanceof URIError || none.includes(code ?? '')) return undefined;
    throw error;
  }
}
