/** A person with a browser, as far as a sign-in needs one: follows redirects, keeps cookies, fills in forms. */
import { request as http, type IncomingHttpHeaders } from 'node:http';
import { request as https } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Page {
  url: string;
  status: number;
  html: string;
}

export class Person {
  #ca: string;
  #cookies = new Map<string, string>();

  /** `ca`: what this browser trusts. */
  constructor(ca: string) {
    this.#ca = ca;
  }

  /** Opens an address and follows where it leads. */
  async open(url: string, form?: Record<string, string>): Promise<Page> {
    const { status, headers, html } = await this.#exchange(url, form);
    if (headers.location !== undefined && status >= 300 && status < 400)
      return this.open(new URL(headers.location, url).href);
    return { url, status, html };
  }

  /** Sends the form of a page, with these fields filled in. */
  submit(page: Page, fill: Record<string, string> = {}): Promise<Page> {
    const action = /<form[^>]*\baction="([^"]*)"/.exec(page.html)?.[1];
    if (action === undefined) throw new Error(`no form on ${page.url}: ${page.html.slice(0, 500)}`);
    const hidden = [...page.html.matchAll(/<input[^>]*>/g)].flatMap(([input]) => {
      const name = /\bname="([^"]*)"/.exec(input)?.[1];
      const value = /\bvalue="([^"]*)"/.exec(input)?.[1];
      return name === undefined || value === undefined ? [] : [[name, unescape(value)] as const];
    });
    return this.open(new URL(unescape(action), page.url).href, { ...Object.fromEntries(hidden), ...fill });
  }

  /** Goes through the whole sign-in as `name`, and gives the last page. */
  async signIn(url: string, name: string): Promise<Page> {
    return this.finish(await this.open(url), name);
  }

  /** As `signIn`, from a page that somebody else opened. */
  async finish(page: Page, name: string): Promise<Page> {
    for (let step = 0; step < 10; step++) {
      if (!/<form/.test(page.html)) return page;
      const asks = page.html.includes('name="login"');
      page = await this.submit(page, asks ? { login: name, password: 'any' } : {});
    }
    throw new Error('the sign-in does not end');
  }

  /** Types a device code where it belongs, and signs in. */
  async typeCode(url: string, code: string, name: string): Promise<Page> {
    return this.finish(await this.submit(await this.open(url), { user_code: code }), name);
  }

  async #exchange(url: string, form: Record<string, string> | undefined) {
    const { protocol, host } = new URL(url);
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const headers = {
      cookie: [...this.#cookies.values()].join('; '),
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    return new Promise<{ status: number; headers: IncomingHttpHeaders; html: string }>((resolve, reject) => {
      const asked = (protocol === 'https:' ? https : http)(
        url,
        { method: body === undefined ? 'GET' : 'POST', headers, ca: this.#ca },
        response => {
          for (const cookie of response.headers['set-cookie'] ?? []) {
            const [pair = ''] = cookie.split(';');
            this.#cookies.set(`${host} ${pair.split('=')[0]}`, pair);
          }
          text(response).then(
            html => resolve({ status: response.statusCode ?? 0, headers: response.headers, html }),
            reject,
          );
        },
      ).once('error', reject);
      asked.end(body);
    });
  }
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
