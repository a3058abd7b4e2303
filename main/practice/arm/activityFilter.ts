/**
 * The `$filter` and `$select` of the activity log: very restricted, and whatever is not one of the documented patterns is
 * refused (reference section 5): a time range, alone or with one of resource group, resource, provider, correlation id.
 */
import { ArmError } from './errors.ts';

/** Days the log goes back; an earlier start is refused. Assumption: reference section 5 calls the 90 days common knowledge. */
const keptDays = 90;
const dayMs = 86_400_000;

/** Instants are epoch milliseconds, texts in lower case. */
export interface ActivityFilter {
  from: number;
  to: number;
  only?: { field: 'group' | 'resource' | 'provider' | 'correlation'; value: string } | undefined;
}

/** Its words in `$filter`. `resourceId` is what az has always sent for the documented `resourceUri`. */
const fields = {
  resourcegroupname: 'group',
  resourceuri: 'resource',
  resourceid: 'resource',
  resourceprovider: 'provider',
  correlationid: 'correlation',
} as const;

/** Throws 400 for everything but the documented patterns. az writes times without quotes, and without a zone for UTC. */
export function readFilter(text: string | undefined, now: number): ActivityFilter {
  if (text === undefined || text.trim() === '') throw bad('The $filter query parameter is required.');
  const filter: ActivityFilter = { from: Number.NaN, to: Number.POSITIVE_INFINITY };
  for (const condition of text.trim().split(/\s+and\s+/i)) {
    const [, bound = '', time = ''] = /^eventTimestamp\s+(ge|le)\s+'?([^'\s]+)'?$/i.exec(condition) ?? [];
    if (time !== '') {
      const at = readTime(time);
      if (bound.toLowerCase() === 'ge') filter.from = at;
      else filter.to = at;
      continue;
    }
    const [, name = '', value = ''] = /^(\w+)\s+eq\s+'([^']*)'$/i.exec(condition) ?? [];
    const field = fields[name.toLowerCase() as keyof typeof fields];
    if (field === undefined || filter.only !== undefined)
      throw bad(`The filter condition '${condition}' is not supported.`);
    filter.only = { field, value: value.toLowerCase() };
  }
  if (Number.isNaN(filter.from)) throw bad('The $filter must have a start time: eventTimestamp ge ….');
  if (filter.from < now - keptDays * dayMs)
    throw bad(`The start time can't be more than ${keptDays} days in the past.`);
  return filter;
}

/** The properties a `$select` names, or undefined for all. Throws 400 for a name that events have not. */
export function readSelect(text: string | undefined, known: readonly string[]): Set<string> | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const names = text.split(',').map(name => name.trim());
  const wanted = names.map(name => known.find(one => one.toLowerCase() === name.toLowerCase()) ?? name);
  const unknown = wanted.find(name => !known.includes(name));
  if (unknown !== undefined) throw bad(`The $select property '${unknown}' is not supported.`);
  return new Set(wanted);
}

function readTime(text: string): number {
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const at = Date.parse(zoned);
  if (Number.isNaN(at)) throw bad(`'${text}' is not a time.`);
  return at;
}

function bad(message: string): ArmError {
  return new ArmError(400, 'BadRequest', message);
}
