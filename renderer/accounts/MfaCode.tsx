/** The code that an MFA device shows now. */
import { Field } from '../components/Field.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useFirstFocus } from '../components/useFirstFocus.ts';
import { Text, useText } from '../i18n/text.tsx';
import css from './SignIn.module.css';
import type { Asked } from './useSignIn.ts';

export function MfaCode({
  asked,
  code,
  onChange,
}: {
  asked: Extract<Asked, { step: 'mfa-code' }>;
  code: string;
  onChange: (code: string) => void;
}) {
  const text = useText();
  const first = useFirstFocus<HTMLInputElement>();
  return (
    <Section title={text('signIn.mfa')}>
      <div className={css.steps}>
        <p aria-live="polite">
          <Text
            id={asked.again ? 'signIn.mfa.again' : 'signIn.mfa.device'}
            values={{ device: <Name>{asked.device}</Name> }}
          />
        </p>
        <Field
          label={text('signIn.mfa.code')}
          hint={text('signIn.mfa.hint')}
          inputMode="numeric"
          autoComplete="one-time-code"
          ref={first}
          maxLength={64}
          code
          value={code}
          onChange={event => onChange(event.target.value)}
        />
      </div>
    </Section>
  );
}
