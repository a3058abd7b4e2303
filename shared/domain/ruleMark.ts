/**
 * The mark a grant's rule carries in its own description, so that whoever reads it later knows when it must go:
 *
 *     Latchkey grant abcd2345efgh until 2026-11-23T14:52:00Z for a.berg@contoso.com on web-1
 *
 * Grant and end always read back exactly. Owner and VM are for people: what both clouds' descriptions and tags do not
 * take is replaced, and they are cut to fit.
 */
import type { GrantId } from './ids.ts';
import { toWire } from './time.ts';

export interface RuleMark {
  grant: GrantId;
  owner: string;
  /** Epoch milliseconds, in the cloud's time. */
  end: number;
  vmName: string;
}

/** Longest description of an NSG rule; a security group rule's may be 255. */
export const descriptionLimit = 140;

const pattern =
  /^Latchkey grant ([a-z2-7]{12}) until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z) for (\S+) on (\S+)$/;

/** The description of a grant's rule, at most `limit` (140 or more) characters. `end` between the years 0 and 9999. */
export function formatMark(mark: RuleMark, limit: number = descriptionLimit): string {
  const head = `Latchkey grant ${mark.grant} until ${toWire(mark.end).replace('.000Z', 'Z')} for `;
  const room = limit - head.length - ' on '.length;
  const vmName = markWord(mark.vmName);
  const owner = cut(markWord(mark.owner), Math.max(room - vmName.length, Math.floor(room / 2)));
  return `${head}${owner} on ${cut(vmName, room - owner.length)}`;
}

/** The mark in a description; undefined for everything that `formatMark` would not have written. */
export function parseMark(description: string | undefined): RuleMark | undefined {
  const found = pattern.exec(description ?? '');
  if (found === null) return undefined;
  const [, grant = '', endText = '', owner = '', vmName = ''] = found;
  const end = Date.parse(endText);
  // Dates such as 31 February and a needless ".000" are not what we write.
  if (Number.isNaN(end) || toWire(end).replace('.000Z', 'Z') !== endText) return undefined;
  if (markWord(owner) !== owner || markWord(vmName) !== vmName) return undefined;
  return { grant: grant as GrantId, owner, end, vmName };
}

/** The name of a grant's rule: legal for an NSG (≤ 80 characters; reference 7.1). `index` as in the order. */
export function grantRuleName(grant: GrantId, index: number): string {
  return `latchkey-${grant}-${index}`;
}

/** The grant a rule's name says it carries; undefined if it says none. A name alone proves nothing. */
export function grantOfRule(name: string): GrantId | undefined {
  return /^latchkey-([a-z2-7]{12})-\d{1,6}$/.exec(name)?.[1] as GrantId | undefined;
}

/** True if name and description both say the rule carries a grant, and the same one: nobody else's rule does. */
export function isOurs(name: string, description: string | undefined): boolean {
  const grant = grantOfRule(name);
  return grant !== undefined && parseMark(description)?.grant === grant;
}

/**
 * Text as one word of the characters that NSG descriptions, security group descriptions (reference 8.1) and both
 * clouds' tags take. Letters lose their accents, all else becomes `_`. Never empty.
 */
export function markWord(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '');
  return plain.replace(/[^a-zA-Z0-9._\-:/@+=]/gu, '_') || '_';
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 2)}..`;
}
