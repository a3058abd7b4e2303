/** One HTTPS request to a practice cloud, told without judging it. */
import { request } from 'node:https';

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
  /** The body as JSON; undefined where it is none. */
  json: ReturnType<typeof JSON.parse>;
}

/** Rejects with Node's error when the connection or the body breaks off. */
export function ask(
  url: string,
  options: {
    ca: string;
    method?: string;
    token?: string | undefined;
    body?: unknown;
    form?: Record<string, string>;
    headers?: object;
  },
): Promise<Answer> {
  const json = options.body === undefined ? undefined : JSON.stringify(options.body);
  const body = options.form ? new URLSearchParams(options.form).toString() : json;
  const type = options.form ? 'application/x-www-form-urlencoded' : 'application/json';
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        ca: options.ca,
        agent: false,
        method: options.method ?? 'GET',
        headers: {
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          ...(body === undefined ? {} : { 'content-type': type }),
          ...options.headers,
        },
      },
      answer => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          const json = answer.headers['content-type']?.includes('json') ? parse(text) : undefined;
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function parse(text: string): Answer['json'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
