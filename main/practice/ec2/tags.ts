/** What EC2 lets be a tag (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html: 50 tags, key 128, value 256). */
import { AwsError, badValue, missing } from './errors.ts';
import type { Params } from './query.ts';

const most = 50;

/** Reads `Tag.N.Key`/`Tag.N.Value` (IAM: `Tags.member.N.…`). Throws InvalidParameterValue for what can't be a tag. */
export function readTags(params: Params, list: 'Tag' | 'Tags.member' = 'Tag'): Map<string, string> {
  const tags = new Map<string, string>();
  const told = list === 'Tag' ? params.list('Tag') : params.under('Tags').list('member');
  for (const tag of told) {
    const key = tag.required('Key');
    const value = tag.text('Value') ?? '';
    if (Array.from(key).length > 128)
      throw badValue(`Tag key exceeds the maximum length of 128 characters: ${key}`);
    if (Array.from(value).length > 256)
      throw badValue(`Tag value exceeds the maximum length of 256 characters`);
    // They could not be told back: XML has no way to write them.
    if (/\p{Cc}/u.test(key + value)) throw badValue('Tags can not hold control characters');
    if (/^aws:/i.test(key)) throw badValue(`Tag keys starting with 'aws:' are reserved for internal use`);
    if (tags.has(key)) throw badValue(`Duplicate tag key '${key}' specified.`);
    tags.set(key, value);
  }
  return tags;
}

/** The tags a `TagSpecification.N` gives to new things of one kind. Throws for any other kind. */
export function readTagSpecification(params: Params, resourceType: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const specification of params.list('TagSpecification')) {
    const type = specification.text('ResourceType');
    if (type === undefined) throw missing('TagSpecification.ResourceType');
    if (type !== resourceType) {
      throw badValue(`'${type}' is not a valid taggable resource type for this operation.`);
    }
    for (const [key, value] of readTags(specification)) tags.set(key, value);
  }
  checkCount(tags.size);
  return tags;
}

/** Puts tags on a thing, all or none. Throws TagLimitExceeded. */
export function putTags(on: Map<string, string>, tags: ReadonlyMap<string, string>): void {
  checkCount(new Set([...on.keys(), ...tags.keys()]).size);
  for (const [key, value] of tags) on.set(key, value);
}

/** Throws TagLimitExceeded above 50. */
export function checkCount(count: number): void {
  if (count > most) {
    throw new AwsError(
      'TagLimitExceeded',
      `The maximum number of tags (${most}) for this resource has been reached.`,
    );
  }
}
