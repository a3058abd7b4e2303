/** From where the VM may be reached: the address you are seen from, a range you type, or all the policy allows. */
import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { useMyIp } from '../state/myIp.ts';
import css from './choices.module.css';
import type { RequestDraft } from './draft.ts';

interface Parts {
  draft: RequestDraft;
  onChange: (change: Partial<RequestDraft>) => void;
  error: ErrorData | undefined;
}

const choices = ['my-ip', 'range', 'policy'] as const;

export function SourceChoice({ draft, onChange, error }: Parts) {
  const text = useText();
  const myIp = useMyIp(state => state.myIp);
  const seen = [myIp?.ipv4, myIp?.ipv6].flatMap(verdict => verdict?.ranges ?? verdict?.address ?? []);
  return (
    <Section title={text('request.source')}>
      <RadioGroup
        className={css.tiles}
        aria-label={text('request.source')}
        value={draft.source}
        onValueChange={(source: RequestDraft['source']) => onChange({ source })}
      >
        {choices.map(choice => (
          <label key={choice} className={css.tile}>
            <Radio.Root value={choice} className={css.round}>
              <Radio.Indicator className={css.dot} />
            </Radio.Root>
            <span>
              <b>{text(`request.source.${choice}`)}</b>
              <small>
                {choice === 'my-ip' && seen.length > 0 ? (
                  <Name>{seen.join(', ')}</Name>
                ) : (
                  text(`request.source.${choice}.means`)
                )}
              </small>
            </span>
          </label>
        ))}
      </RadioGroup>
      {draft.source === 'range' ? (
        <Field
          label={text('request.range')}
          hint={text('request.range.hint')}
          placeholder="203.0.113.0/28"
          code
          autoFocus
          value={draft.range}
          error={error}
          onChange={event => onChange({ range: event.target.value })}
        />
      ) : (
        error !== undefined && <ErrorNote error={error} />
      )}
      {draft.source === 'policy' && <p className={css.hint}>{text('request.source.policy.warn')}</p>}
    </Section>
  );
}
