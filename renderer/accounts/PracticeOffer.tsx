/** The first run: nobody is signed in anywhere. Offers the practice cloud, and says what it is. */
import { useState } from 'react';
import type { ErrorData } from '../../shared/errors.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon } from '../components/icons.tsx';
import { useFirstFocus } from '../components/useFirstFocus.ts';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { openDialog } from '../state/view.ts';
import css from './PracticeOffer.module.css';

const points = ['clouds', 'machines', 'safe'] as const;
const icons = { clouds: 'cloud', machines: 'vm', safe: 'shield' } as const;

export function PracticeOffer() {
  const text = useText();
  const first = useFirstFocus<HTMLButtonElement>();
  const [starting, setStarting] = useState(false);
  const [error, setError] = useState<ErrorData>();
  const start = async (): Promise<void> => {
    setStarting(true);
    setError(undefined);
    try {
      await broker().accounts.addPractice({});
    } catch (thrown) {
      setError(errorOf(thrown));
    }
    setStarting(false);
  };
  return (
    <div className={css.offer}>
      <form
        className={css.card}
        onSubmit={event => {
          event.preventDefault();
          void start();
        }}
      >
        <span className={css.mark}>
          <Icon name="key" size={28} />
        </span>
        <h1>{text('practice.title')}</h1>
        <p className={css.lead}>{text('practice.lead')}</p>
        <ul>
          {points.map(point => (
            <li key={point}>
              <Icon name={icons[point]} size={16} />
              <span>{text(`practice.${point}`)}</span>
            </li>
          ))}
        </ul>
        <div className={css.actions}>
          <Button look="primary" type="submit" disabled={starting} ref={first}>
            {text(starting ? 'practice.starting' : 'practice.start')}
          </Button>
          <Button icon="key" onClick={() => openDialog({ kind: 'add-account' })}>
            {text('practice.azure')}
          </Button>
          <Button icon="key" onClick={() => openDialog({ kind: 'add-aws' })}>
            {text('practice.aws')}
          </Button>
        </div>
        {starting && <output>{text('practice.usual')}</output>}
        {error !== undefined && <ErrorNote error={error} />}
      </form>
    </div>
  );
}
