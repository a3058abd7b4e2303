/**
 * Text as searching compares it: without case, accents, width (`ＷＥＢ` is `web`) and invisible characters such as
 * right-to-left marks. Folding twice changes nothing.
 */
export function fold(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  const plain = (part: string): string => part.normalize('NFKD').replace(/[\p{M}\p{Cf}]/gu, '');
  // Through capitals, so that ß meets SS; Greek has two small sigmas.
  return plain(plain(text).toUpperCase().toLowerCase()).replaceAll('ς', 'σ');
}
