/** From where the VM may be reached: the address you are seen from, a range you type, or all the policy allows. */
import { showName } from '../../shared/domain/hostile.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Field } from '../components/Field.tsx';
import { Section } from '../components/Section.tsx';
import { Tile, Tiles } from '../components/Tile.tsx';
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
  const meaning = (choice: RequestDraft['source']): string =>
    choice === 'my-ip' && seen.length > 0
      ? showName(seen.join(', '))
      : text(`request.source.${choice}.means`);
  return (
    <Section title={text('request.source')}>
      <Tiles label={text('request.source')} one>
        {choices.map(choice => (
          <Tile
            key={choice}
            group="source"
            on={draft.source === choice}
            onChange={() => onChange({ source: choice })}
            title={text(`request.source.${choice}`)}
            means={meaning(choice)}
          />
        ))}
      </Tiles>
      {draft.source === 'range' ? (
        <Field
          label={text('request.range')}
          hint={text('request.range.hint')}
          placeholder={text('request.range.example')}
          code
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
