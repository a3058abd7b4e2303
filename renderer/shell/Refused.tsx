/** All that a page without a session shows: how to get one. */
import { useText } from '../i18n/text.tsx';
import css from './Refused.module.css';

export function Refused() {
  const text = useText();
  return (
    <main className={css.page}>
      <h1 className={css.title}>{text('connection.refused')}</h1>
      <p>{text('connection.newAddress')}</p>
    </main>
  );
}
