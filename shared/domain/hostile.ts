/**
 * Text that comes from a cloud is data, and may be made to hurt: names with terminal escapes, characters that turn the
 * reading direction, names that look like options. These rules make such text safe for a place.
 */

/** Controls, invisible and direction-changing characters, line separators, halves of characters. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A piece of a name: text that can be read as it is, or the code of one hidden character (`U+202E`). */
export interface NamePiece {
  text: string;
  hidden: boolean;
}

/** The name in pieces, for whoever can mark the hidden characters' codes by more than brackets. */
export function namePieces(text: string): NamePiece[] {
  const pieces: NamePiece[] = [];
  let from = 0;
  for (const { 0: char, index } of text.matchAll(hidden)) {
    if (index > from) pieces.push({ text: text.slice(from, index), hidden: false });
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    pieces.push({ text: `U+${code}`, hidden: true });
    from = index + char.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), hidden: false });
  return pieces;
}

/** For a terminal, a log, a title or a sentence: every hidden character is shown as its code, `⟨U+202E⟩`. Never more than one line. */
export function showName(text: string): string {
  return namePieces(text)
    .map(piece => (piece.hidden ? `⟨${piece.text}⟩` : piece.text))
    .join('');
}

/**
 * A file name, without folder or extension, that every system takes and no program reads as an option: at most 100
 * characters, never empty, nothing hidden, none of `<>:"/\|?*`, no dot, dash or space at its ends, no device name.
 */
export function safeFileName(text: string): string {
  const plain = text
    .normalize('NFC')
    .replace(hidden, '_')
    .replace(/[<>:"/\\|?*]/g, '_');
  const cut = plain.slice(0, 100).toWellFormed();
  const trimmed = cut.replace(/^[\s.-]+|[\s.-]+$/gu, '');
  // Windows' device names, with any extension: CON, nul.txt (learn: “Naming Files, Paths, and Namespaces”).
  if (/^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i.test(trimmed)) return `_${trimmed}`;
  return trimmed === '' ? '_' : trimmed;
}

/** True for a host name or address that a client can be given as an argument: never an option, nothing of a shell. */
export function isSafeHost(text: string): boolean {
  return text.length <= 253 && /^[a-zA-Z0-9_:][a-zA-Z0-9._:-]*$/.test(text);
}

/** True for a user name that a client can be given: `DOMAIN\user` and `user@domain` too, never an option. */
export function isSafeUser(text: string): boolean {
  return text.length <= 256 && /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._@\\+$-]*$/u.test(text);
}
