/**
 * The secret this page speaks to the broker with, in a browser. It comes for the one-time token of the address and is kept
 * in this tab's sessionStorage, which belongs to the exact origin, port included: a reload goes on with it.
 */
import { webDoor } from '../../shared/contract/webDoor.ts';

const storageKey = 'latchkey-session';

/** Takes a one-time token out of the address, so that it is in no history and no copied link. */
export function takeToken(): string | undefined {
  const { hash, pathname } = window.location;
  if (!hash.startsWith(webDoor.tokenMark)) return undefined;
  window.history.replaceState(null, '', pathname);
  return hash.slice(webDoor.tokenMark.length);
}

/**
 * The session: the one that is kept, else the one the token is good for. Undefined when neither is known (any more).
 * Throws when nobody answers.
 */
export async function webSession(token: string | undefined): Promise<string | undefined> {
  for (const secret of [sessionStorage.getItem(storageKey), token]) {
    const session = secret ? await exchange(secret) : undefined;
    if (session === undefined) continue;
    sessionStorage.setItem(storageKey, session);
    return session;
  }
  sessionStorage.removeItem(storageKey);
  return undefined;
}

async function exchange(secret: string): Promise<string | undefined> {
  const answer = await fetch(webDoor.sessionPath, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
  });
  return answer.ok ? answer.text() : undefined;
}
