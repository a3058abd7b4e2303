/** The SDK takes an answer of any size; this ends one that is longer than any AWS gives. */
import { Transform } from 'node:stream';

/** A stream that hands on at most `bytes`, and fails at more. */
export function createLimit(bytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      size += piece.length;
      if (size <= bytes) done(null, piece);
      else done(new Error('The answer is longer than any AWS gives. Something may stand in between.'));
    },
  });
}
