/** What a browser brings back from a sign-in. */
import type { IncomingMessage } from 'node:http';

/** An answer holds a code of one or two thousand characters. */
const longestBody = 64 * 1024;

/** What the answer holds: in a form that the browser posts, or in the address. Undefined for any other request. */
export async function fieldsOf(request: IncomingMessage): Promise<Record<string, string> | undefined> {
  const address = new URL(request.url ?? '/', 'http://localhost');
  if (address.pathname !== '/') return undefined;
  if (request.method === 'GET') return Object.fromEntries(address.searchParams);
  if (request.method !== 'POST') return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > longestBody) throw new Error('too long');
    pieces.push(piece);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString('utf8')));
}
