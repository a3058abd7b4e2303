/** The page where the person allows a sign-in: plain HTML, so that a browser, a test and a script can use it alike. */
import { z } from 'zod';
import { type Sso, secret } from './state.ts';

/** How long an authorization code is good, milliseconds. */
const codeMs = 600_000;

/** The page of a code; unknown ones get a page that says so. */
export function codePage(sso: Sso, userCode: string): string {
  if (userCode === '')
    return html(
      '<form action="/start" method="get"><label>Code <input name="user_code"></label><button>Next</button></form>',
    );
  const device = waiting(sso, userCode);
  if (!device) return html('<p>There is no such code, or it is over.</p>');
  return html(
    `<p>Allow Latchkey to see your accounts? Its code is <b>${device.userCode}</b>.</p>
<form action="/start" method="post"><input type="hidden" name="user_code" value="${device.userCode}">
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>`,
  );
}

/** What a person answers there; anything but `deny` allows. */
export function answerCode(sso: Sso, userCode: string, answer: string | null): string {
  const device = waiting(sso, userCode);
  if (!device) return html('<p>There is no such code, or it is over.</p>');
  device.state = answer === 'deny' ? 'denied' : 'allowed';
  return html('<p>Done. You can shut this page.</p>');
}

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

function waiting(sso: Sso, userCode: string) {
  const now = sso.world.now();
  const all = [...sso.devices.values()];
  return all.find(one => one.userCode === userCode && one.state === 'pending' && now < one.endsAt);
}

function html(body: string): string {
  return `<!doctype html><html lang="en"><title>Practice AWS access portal</title><h1>Practice AWS access portal</h1>${body}</html>`;
}
