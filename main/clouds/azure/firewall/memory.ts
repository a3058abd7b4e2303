/**
 * What a lock took out of a firewall, remembered until the unlock: as tags of the firewall, or of its policy. They outlive this
 * computer, the VM and its lock, are seen by the whole team, and are guarded by the rights on the firewall itself. A tag
 * holds 256 characters (50 tags a resource), so the rules are packed and cut into several: `latchkey-dnat-<VM>-1`, `-2` …
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import type { VmId } from '../../../../shared/domain/ids.ts';
import { lockRuleName } from '../../../../shared/domain/lockMark.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { TagChange } from '../tags.ts';

const tagLength = 256;
const mostTags = 50;
/** Bytes; the tags of a resource hold a tenth of it packed. */
const longest = 1024 * 1024;

/** One rule that was taken out, and where it stood. */
const kept = z.object({
  /** Name of the group; empty for a classic firewall. */
  group: z.string(),
  collection: z.string(),
  /** The collection without its rules, for when it went with its last one; and where it stood. */
  frame: z.record(z.string(), z.unknown()),
  position: z.int().min(0),
  index: z.int().min(0),
  /** Exactly as it was, in the order of its fields. */
  rule: z.custom<{ name: string }>(
    value => typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string',
  ),
});
export type KeptRule = z.infer<typeof kept>;

const prefixOf = (vm: VmId): string => `latchkey-dnat-${lockRuleName(vm).split('-').at(-1)}-`;

/** The tags' change that makes them remember exactly these; none: forget. Throws CLOUD_QUOTA where there is no room. */
export function remembering(vm: VmId, rules: KeptRule[], tags: Record<string, string>): TagChange {
  const prefix = prefixOf(vm);
  const text = rules.length === 0 ? '' : deflateRawSync(JSON.stringify(rules)).toString('base64url');
  const merge: Record<string, string> = {};
  for (let i = 0; i * tagLength < text.length; i++)
    merge[`${prefix}${i + 1}`] = text.slice(i * tagLength, (i + 1) * tagLength);
  const old = Object.entries(tags).filter(([name]) => name.toLowerCase().startsWith(prefix));
  const others = Object.keys(tags).length - old.length;
  if (others + Object.keys(merge).length > mostTags) {
    throw new LatchkeyError({
      code: 'CLOUD_QUOTA',
      message: 'The tags of the firewall have no room left to remember the DNAT rules that a lock takes out.',
      fix: 'Take these rules out by hand, or remove tags that nobody needs, then lock again.',
    });
  }
  return {
    merge,
    remove: Object.fromEntries(old.filter(([name]) => merge[name.toLowerCase()] === undefined)),
  };
}

/** What is remembered for a VM. Tags are data: undefined for what can't be read. */
export function remembered(vm: VmId, tags: Record<string, string>): KeptRule[] | undefined {
  const prefix = prefixOf(vm);
  const pieces = Object.entries(tags)
    .filter(([name]) => name.toLowerCase().startsWith(prefix))
    .toSorted(([a], [b]) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
    .map(([, value]) => value);
  if (pieces.length === 0) return [];
  try {
    const packed = Buffer.from(pieces.join(''), 'base64url');
    const text = inflateRawSync(packed, { maxOutputLength: longest }).toString('utf8');
    return z.array(kept).max(100).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Tags after a change, as a firewall's own PUT writes them. */
export function changedTags(tags: Record<string, string>, change: TagChange): Record<string, string> {
  const gone = new Set(Object.keys(change.remove).map(name => name.toLowerCase()));
  const left = Object.entries(tags).filter(([name]) => !gone.has(name.toLowerCase()));
  return { ...Object.fromEntries(left), ...change.merge };
}
