/** Text from outside made safe to read: what would be invisible, or would turn the line around, becomes visible. */

/** C0 and C1 controls, soft hyphen, bidi marks and embeddings, zero-width characters, line separators, tag characters. */
const hidden =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export interface Piece {
  text: string;
  hidden: boolean;
}

/** Cuts a text into what can be seen as it is and code points that are named instead (`U+202E`). */
export function visiblePieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(hidden)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), hidden: false });
    const code = match[0].codePointAt(0) ?? 0;
    pieces.push({ text: `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, hidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), hidden: false });
  return pieces;
}

/** The same as one plain string, for titles and labels. */
export function visibleText(text: string): string {
  return visiblePieces(text)
    .map(piece => (piece.hidden ? `⟨${piece.text}⟩` : piece.text))
    .join('');
}
