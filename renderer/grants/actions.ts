/** What a person can do with a grant, from wherever it is shown. The broker decides; errors come as toasts. */
import type { IntlShape } from 'react-intl';
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import type { useText } from '../i18n/text.tsx';
import { clockTime } from '../i18n/time.ts';
import { broker } from '../state/broker.ts';
import { act, say, sayError } from '../state/toasts.ts';

type TextOf = ReturnType<typeof useText>;

/** One press extends by half an hour. */
export const extendStepMs = 30 * 60_000;

/** Extends a grant by half an hour and says its new end. */
export function extend(grant: Grant, text: TextOf, intl: IntlShape): void {
  act(async () => {
    const now = await broker().grants.extend({ grant: grant.id, byMs: extendStepMs });
    const time = clockTime(intl, Date.parse(now.endsAt), Date.now());
    say(text('grant.extended', { name: showName(grant.vmName), time }));
  });
}

/** Ends a grant now (or tries a stuck one again) and says what that means for sessions. */
export function revoke(grant: Grant, text: TextOf): void {
  act(async () => {
    const { grants } = await broker().grants.revoke({ grants: [grant.id] });
    const after = grants.find(({ id }) => id === grant.id);
    if (after?.state === 'stuck' && after.error !== undefined) sayError(after.error);
    else say(text('grant.closed', { name: showName(grant.vmName) }), text('grant.sessions'));
  });
}
