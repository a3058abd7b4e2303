/** A text that came from outside: a VM's name, a rule, a sentence from a cloud. Never markup, never turning its line around. */
import { namePieces, showName } from '../../shared/domain/hostile.ts';
import css from './Name.module.css';

export function Name({ children, clip = false }: { children: string; clip?: boolean }) {
  return (
    <bdi className={clip ? css.clip : undefined} title={clip ? showName(children) : undefined}>
      {namePieces(children).map((piece, at) =>
        piece.hidden ? (
          // The pieces of one text never move: their place is their key.
          <span key={at} className={css.hidden}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
