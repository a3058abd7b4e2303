/** Filters and pages, which every Describe call has. */
import { AwsError, badValue } from './errors.ts';
import type { Params } from './query.ts';
import type { Resource } from './world.ts';

/** What a filter's name reads from a thing: nothing, one value, or several of which one must fit. */
export type Fields<T> = Record<string, (thing: T) => string | undefined | (string | undefined)[]>;

/**
 * Those things that every `Filter.N` lets through. `tag:<key>`, `tag-key` and `tag-value` come by themselves.
 * Throws InvalidParameterValue for a filter there is not.
 */
export function filtered<T extends Resource>(things: Iterable<T>, params: Params, fields: Fields<T>): T[] {
  const tests = params.list('Filter').map(filter => {
    const name = filter.required('Name');
    const read = reader(name, fields);
    const values = filter.texts('Value');
    const exact = new Set(values);
    const patterns = values.filter(value => /[*?\\]/.test(value)).map(wildcard);
    return (thing: T) => {
      const found = read(thing);
      const all = Array.isArray(found) ? found : [found];
      return all.some(
        value => value !== undefined && (exact.has(value) || patterns.some(pattern => pattern.test(value))),
      );
    };
  });
  return [...things].filter(thing => tests.every(test => test(thing)));
}

function reader<T extends Resource>(name: string, fields: Fields<T>): Fields<T>[string] {
  if (name.startsWith('tag:')) return thing => thing.tags.get(name.slice(4));
  if (name === 'tag-key') return thing => [...thing.tags.keys()];
  if (name === 'tag-value') return thing => [...thing.tags.values()];
  const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!read) throw badValue(`The filter '${name}' is invalid`);
  return read;
}

/** `*` is any text, `?` any character, `\` takes the next one literally. */
function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/\\[\s\S]|[\s\S]/g, part => {
    if (part === '*') return '[\\s\\S]*?';
    if (part === '?') return '[\\s\\S]';
    return (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

/**
 * The things with these ids, all of them when none is named. Throws what `unknown` makes for an id there is not.
 */
export function chosen<T extends Resource>(
  all: ReadonlyMap<string, T>,
  ids: string[],
  unknown: (id: string) => AwsError,
): T[] {
  if (ids.length === 0) return [...all.values()];
  return [...new Set(ids)].map(id => {
    const thing = all.get(id);
    if (!thing) throw unknown(id);
    return thing;
  });
}

const most = 1000;

/**
 * One page, in the order of ids, and the token of the next one. A token names the last id that was given, so things
 * that come and go between two pages neither repeat nor hide others.
 */
export function page<T extends Resource>(
  things: T[],
  params: Params,
  fewest = 5,
): { page: T[]; nextToken: string | undefined } {
  const size = params.int('MaxResults') ?? most;
  if (size < fewest || size > most) {
    throw badValue(
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value between ${fewest} and ${most}.`,
    );
  }
  const after = readToken(params.text('NextToken'));
  const sorted = things
    .filter(thing => after === undefined || thing.id > after)
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const result = sorted.slice(0, size);
  const last = result.at(-1);
  const more = sorted.length > size && last !== undefined;
  return {
    page: result,
    nextToken: more ? Buffer.from(`after:${last.id}`).toString('base64url') : undefined,
  };
}

function readToken(token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('after:')) throw new AwsError('InvalidNextToken', 'The token is invalid.');
  return text.slice('after:'.length);
}
