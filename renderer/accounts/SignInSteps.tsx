/** What the person has to do to be signed in: an address, an address and a code, or an answer. */
import { useIntl } from 'react-intl';
import { CopyBox } from '../components/CopyBox.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { clockTime } from '../i18n/time.ts';
import { useNow } from '../state/clock.ts';
import { MfaCode } from './MfaCode.tsx';
import { RoleChoice } from './RoleChoice.tsx';
import css from './SignIn.module.css';
import type { Asked } from './useSignIn.ts';

export function SignInSteps({
  asked,
  answer,
  several,
  onAnswer,
}: {
  asked: Asked;
  answer: readonly string[];
  /** Whether more than one role may be chosen. */
  several: boolean;
  onAnswer: (answer: string[]) => void;
}) {
  const text = useText();
  const intl = useIntl();
  const now = useNow();
  switch (asked.step) {
    case 'mfa-code':
      return <MfaCode asked={asked} code={answer[0] ?? ''} onChange={code => onAnswer([code])} />;
    case 'choose-role':
      return <RoleChoice roles={asked.roles} several={several} chosen={answer} onChange={onAnswer} />;
    case 'browser':
      return (
        <Section title={text('signIn.waiting')}>
          <div className={css.steps} aria-live="polite">
            <p>{text(asked.opened ? 'signIn.opened' : 'signIn.notOpened')}</p>
            <CopyBox text={asked.url} label={text('signIn.copyAddress')} />
          </div>
        </Section>
      );
    case 'device-code':
      return (
        <Section title={text('signIn.waiting')}>
          <div className={css.steps} aria-live="polite">
            <p>{text(codeText(asked))}</p>
            <CopyBox text={asked.url} label={text('signIn.copyAddress')} />
            <div className={css.code}>
              <CopyBox text={asked.code} label={text('signIn.copyCode')} />
            </div>
            <p className={css.quiet}>
              {text('signIn.until', { time: clockTime(intl, Date.parse(asked.expiresAt), now) })}
            </p>
          </div>
        </Section>
      );
  }
}

function codeText({ inBrowser, opened }: Extract<Asked, { step: 'device-code' }>) {
  if (!inBrowser) return 'signIn.code';
  return opened ? 'signIn.code.opened' : 'signIn.code.inBrowser';
}
