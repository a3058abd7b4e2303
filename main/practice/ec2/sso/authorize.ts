/** Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636): the page that asks, and where the browser goes from there. */
import { z } from 'zod';
import { html } from './page.ts';
import { type Sso, secret } from './state.ts';

/** How long an authorization code is good, milliseconds. */
const codeMs = 600_000;

/** What a client sends a browser to /authorize with. */
const authorizing = z.object({
  response_type: z.literal('code'),
  client_id: z.string(),
  redirect_uri: z.url(),
  state: z.string().default(''),
  code_challenge: z.string().min(43),
  code_challenge_method: z.literal('S256'),
});

/** The page that asks for an authorization code; `html` says so where the client or its wishes are not known. */
export function authorizePage(sso: Sso, query: URLSearchParams): string {
  if (!wantedCode(sso, query)) return html('<p>This client is not known, or asks for what it may not.</p>');
  const hidden = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return html(
    `<p>Allow this client to see your accounts?</p>
<form action="/authorize" method="post">${hidden.join('')}
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>`,
  );
}

/** Where the browser goes once the person has answered; undefined for a client that is not known. */
export function authorized(sso: Sso, form: URLSearchParams): string | undefined {
  const wanted = wantedCode(sso, form);
  if (!wanted) return undefined;
  const back = new URL(wanted.redirect_uri);
  back.searchParams.set('state', wanted.state);
  if (form.get('answer') === 'deny') {
    back.searchParams.set('error', 'access_denied');
    return back.href;
  }
  const code = secret();
  sso.codes.set(code, {
    clientId: wanted.client_id,
    redirect: wanted.redirect_uri,
    challenge: wanted.code_challenge,
    endsAt: sso.world.now() + codeMs,
  });
  back.searchParams.set('code', code);
  return back.href;
}

function wantedCode(sso: Sso, query: URLSearchParams) {
  const { data } = authorizing.safeParse(Object.fromEntries(query));
  const client = data && sso.clients.get(data.client_id);
  if (!data || !client || client.endsAt <= sso.world.now()) return undefined;
  const plain = withoutPort(data.redirect_uri);
  return client.redirects.some(one => withoutPort(one) === plain) ? data : undefined;
}

/** Only loopback's port is free to choose. */
function withoutPort(uri: string): string {
  const url = new URL(uri);
  if (url.hostname === '127.0.0.1') url.port = '';
  return url.href;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, letter => entities[letter] ?? letter);
