/** A sign-in's steps, told to whoever sits at the terminal; what only he knows is asked of him. */
import type { Account, SignInStep } from '../../../shared/contract/accounts.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createClock } from '../../os/clock.ts';
import type { Output } from '../output.ts';
import { untilStopped } from '../process.ts';
import type { Session } from '../session.ts';
import { left } from '../words.ts';

type Asking = Extract<SignInStep, { question: string }>;

/** Tells the steps on stderr, and gives what came of it. Ctrl-C ends the stream, which cancels the sign-in. */
export async function followSignIn(
  { out, client }: Session,
  mayOpen: boolean,
  begin: (signal: AbortSignal) => Promise<AsyncIterable<SignInStep>>,
): Promise<Account> {
  const stop = new AbortController();
  const done = Promise.withResolvers<void>();
  const stopped = untilStopped(done.promise).then(why => {
    if (why === 'stopped') stop.abort();
  });
  try {
    for await (const step of await begin(stop.signal)) {
      if (step.step === 'done') {
        for (const note of step.notes) out.note(note);
        return step.account;
      }
      if (step.step === 'mfa-code' || step.step === 'choose-role') {
        const answer = await askFor(step, stop.signal);
        await client.accounts.answer({ question: step.question, answer }, { signal: stop.signal });
      } else await tell(out, step, mayOpen);
    }
    throw new LatchkeyError({ code: 'INTERNAL', message: 'The sign-in ended without a word.' });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new LatchkeyError({ code: 'CANCELLED', message: 'Cancelled: nobody was signed in.' });
  } finally {
    done.resolve();
    await stopped;
  }
}

async function tell(
  out: Output,
  step: Exclude<SignInStep, Asking | { step: 'done' }>,
  mayOpen: boolean,
): Promise<void> {
  switch (step.step) {
    case 'browser': {
      const opened = mayOpen && (await openBrowser(step.url));
      out.note(
        opened
          ? 'Sign in in the browser that has just opened, or open this address:'
          : 'Open this address in a browser on this computer:',
      );
      out.note(`  ${step.url}`);
      if (!opened && mayOpen) out.note('There is none here? Ctrl-C, and again with --device-code.');
      return;
    }
    case 'device-code': {
      const code = showName(step.code);
      const opened = step.inBrowser === true && mayOpen && (await openBrowser(step.url));
      if (opened)
        out.note(`Your browser has opened. Does it show the code ${code}? Then allow it there, or open`);
      else
        out.note(
          `Open ${showName(step.url)} on any device and ${step.inBrowser ? `check that it shows` : 'type'} the code ${code}`,
        );
      if (opened) out.note(`  ${showName(step.url)}`);
      out.note(`It is good for ${left(step.expiresAt, createClock().now())}.`);
      return;
    }
  }
}

async function openBrowser(url: string): Promise<boolean> {
  const { createBrowser } = await import('../../os/browser.ts');
  return createBrowser().open(url);
}

/** The account as the result. One that is signed in to and still does not answer says why, and sets the status. */
export function showAccount(out: Output, account: Account): void {
  out.line(`Signed in to ${showName(account.name)} as ${showName(account.user ?? 'unknown')}.`);
  out.line(`  id     ${account.id}`);
  out.line(`  state  ${account.state}`);
}

/** Asks on the terminal; a line on standard input will do as well. Throws CONFIRM_NEEDED where nothing comes. */
async function askFor(step: Asking, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<never>((_resolve, reject) => {
    terminal.once('close', () =>
      reject(
        new LatchkeyError({
          code: 'CONFIRM_NEEDED',
          message: 'The sign-in asks for something, and nobody answers.',
          fix: 'Run this in a terminal, or give the answer on its standard input.',
        }),
      ),
    );
  });
  try {
    const given = await Promise.race([terminal.question(questionOf(step), { signal }), ended]);
    if (step.step === 'mfa-code') return given.trim();
    const chosen = step.roles[Number(given.trim()) - 1];
    return chosen ? `${chosen.account}/${chosen.role}` : given.trim();
  } finally {
    ended.catch(() => undefined);
    terminal.close();
  }
}

function questionOf(step: Asking): string {
  if (step.step === 'mfa-code')
    return `${step.again ? 'That code was not taken. ' : ''}Code of the MFA device ${showName(step.device)}: `;
  const lines = step.roles.map(
    ({ account, accountName, role }, index) =>
      `  ${String(index + 1).padStart(3)}  ${account}/${showName(role)}  ${showName(accountName)}`,
  );
  return `${lines.join('\n')}\nWhich role (a number, or <account>/<role>)? `;
}
