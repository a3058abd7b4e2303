/** The ports a lock shall protect: number, protocol, who may ask from where, and for how long at most. */
import type { Protocol } from '../../shared/contract/common.ts';
import { Button, IconButton } from '../components/Button.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import css from './PolicyEditor.module.css';
import type { PortDraft } from './ports.ts';

const protocols: readonly Protocol[] = ['tcp', 'udp', 'any'];

export function PolicyEditor({
  drafts,
  onChange,
}: {
  drafts: PortDraft[];
  onChange: (drafts: PortDraft[]) => void;
}) {
  const text = useText();
  const set = (key: number, change: Partial<PortDraft>): void =>
    onChange(drafts.map(draft => (draft.key === key ? { ...draft, ...change } : draft)));
  const add = (): void =>
    onChange([
      ...drafts,
      {
        key: Math.max(-1, ...drafts.map(({ key }) => key)) + 1,
        port: '',
        protocol: 'tcp',
        sources: '',
        hours: '3',
      },
    ]);
  const label = (column: 'port' | 'protocol' | 'sources' | 'max', port: string): string =>
    text('policy.field', { column: text(`policy.${column}`), port: port || text('policy.newPort') });
  return (
    <Section
      title={text('policy')}
      aside={
        <Button small look="quiet" icon="plus" onClick={add}>
          {text('policy.add')}
        </Button>
      }
    >
      <table className={css.editor}>
        <thead>
          <tr>
            <th scope="col">{text('policy.port')}</th>
            <th scope="col">{text('policy.protocol')}</th>
            <th scope="col">{text('policy.sources')}</th>
            <th scope="col">{text('policy.maxHours')}</th>
            <th scope="col">
              <span className={css.hidden}>{text('policy.remove')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {drafts.map(({ key, port, protocol, sources, hours }) => (
            <tr key={key}>
              <td className={css.short}>
                <input
                  value={port}
                  inputMode="numeric"
                  aria-label={label('port', port)}
                  onChange={event => set(key, { port: event.target.value })}
                />
              </td>
              <td className={css.short}>
                <select
                  value={protocol}
                  aria-label={label('protocol', port)}
                  onChange={event =>
                    set(key, { protocol: protocols.find(each => each === event.target.value) ?? 'tcp' })
                  }
                >
                  {protocols.map(each => (
                    <option key={each} value={each}>
                      {text(`protocol.${each}`)}
                    </option>
                  ))}
                </select>
              </td>
              <td>
                <input
                  value={sources}
                  placeholder={text('policy.anySource')}
                  aria-label={label('sources', port)}
                  onChange={event => set(key, { sources: event.target.value })}
                />
              </td>
              <td className={css.short}>
                <input
                  value={hours}
                  inputMode="decimal"
                  aria-label={label('max', port)}
                  onChange={event => set(key, { hours: event.target.value })}
                />
              </td>
              <td className={css.tiny}>
                <IconButton
                  icon="close"
                  label={text('policy.removePort', { port: port || text('policy.newPort') })}
                  disabled={drafts.length === 1}
                  onClick={() => onChange(drafts.filter(draft => draft.key !== key))}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
