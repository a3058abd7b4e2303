/** The doctor on one VM: what stands in the way, each with its remedy; what is right on demand. */
import { useState } from 'react';
import type { Finding } from '../../shared/contract/doctor.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Section } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import css from './Check.module.css';

const icons: Record<Finding['state'], IconName> = { ok: 'check', warning: 'warn', problem: 'stop' };

interface Looked {
  findings?: Finding[];
  error?: ErrorData;
}

/** Nothing is asked before a person wants it: a check is a dozen reads in the cloud. Give it the VM's id as key. */
export function Check({ vm, name }: { vm: string; name: string }) {
  const text = useText();
  const [looked, setLooked] = useState<Looked>();
  const [looking, setLooking] = useState(false);

  async function look(): Promise<void> {
    setLooking(true);
    try {
      const { findings } = await broker().doctor.examine({ vm });
      setLooked({ findings });
    } catch (thrown) {
      setLooked({ error: errorOf(thrown) });
    }
    setLooking(false);
  }

  const findings = looked?.findings ?? [];
  const bad = (['problem', 'warning'] as const).flatMap(state => findings.filter(one => one.state === state));
  const fine = findings.filter(({ state }) => state === 'ok');
  return (
    <Section
      title={text('check')}
      aside={
        <Button small look="quiet" aria-busy={looking} onClick={() => looking || void look()}>
          {text(looking ? 'check.looking' : looked === undefined ? 'check.look' : 'check.again')}
        </Button>
      }
    >
      {looked === undefined && <p className={css.quiet}>{text('check.what')}</p>}
      {looked?.error !== undefined && <ErrorNote error={looked.error} />}
      {looked?.findings !== undefined && (
        <output className={css.quiet}>
          {text(bad.length === 0 ? 'check.allFine' : 'check.found', {
            problems: bad.filter(({ state }) => state === 'problem').length,
            warnings: bad.filter(({ state }) => state === 'warning').length,
            fine: fine.length,
          })}
        </output>
      )}
      <Findings findings={bad} about={name} />
      {fine.length > 0 && (
        <details className={css.fine}>
          <summary>{text('check.fine', { count: fine.length })}</summary>
          <Findings findings={fine} about={name} />
        </details>
      )}
    </Section>
  );
}

/** `about`: the VM's name, which need not be said again. */
function Findings({ findings, about }: { findings: Finding[]; about: string }) {
  const text = useText();
  if (findings.length === 0) return null;
  return (
    <ul className={css.findings}>
      {findings.map(({ check, state, subject, text: says, fix }) => (
        <li key={`${check} ${subject ?? ''} ${says}`} data-state={state}>
          <Icon name={icons[state]} />
          <div className={css.words}>
            <span className={css.state}>
              {state === 'ok'
                ? text(`check.of.${check}`)
                : `${text(`check.state.${state}`)} · ${text(`check.of.${check}`)}`}
            </span>
            <p>
              {subject !== undefined && subject !== about && (
                <>
                  <Name>{subject}</Name>
                  {': '}
                </>
              )}
              <Name>{says}</Name>
            </p>
            {fix !== undefined && (
              <p className={css.fix}>
                <Name>{fix}</Name>
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
