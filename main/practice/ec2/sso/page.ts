/** The page where the person allows a sign-in: plain HTML, so that a browser, a test and a script can use it alike. */
import type { Sso } from './state.ts';

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

function waiting(sso: Sso, userCode: string) {
  const now = sso.world.now();
  const all = [...sso.devices.values()];
  return all.find(one => one.userCode === userCode && one.state === 'pending' && now < one.endsAt);
}

/** A page of the portal with this body. */
export function html(body: string): string {
  return `<!doctype html><html lang="en"><title>Practice AWS access portal</title><h1>Practice AWS access portal</h1>${body}</html>`;
}
