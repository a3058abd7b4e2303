/**
 * What a role's policies allow (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, one
 * account): a deny beats every allow, and what nothing allows is denied.
 */
import { z } from 'zod';

const oneOrMany = z.union([z.string(), z.array(z.string())]).transform(text => [text].flat());
const condition = z.record(z.string(), z.record(z.string(), oneOrMany));
const statement = z.looseObject({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMany,
  Resource: oneOrMany.optional(),
  Principal: z
    .union([
      z.literal('*').transform(() => ({ AWS: ['*'], Service: undefined })),
      z.looseObject({ Service: oneOrMany.optional(), AWS: oneOrMany.optional() }),
    ])
    .optional(),
  Condition: condition.optional(),
});
const policy = z.looseObject({
  Version: z.string().optional(),
  Statement: z.union([statement, z.array(statement)]).transform(one => [one].flat()),
});
export type Policy = z.output<typeof policy>;
type Statement = Policy['Statement'][number];

/** A policy document; undefined for what is none. */
export function readPolicy(text: string): Policy | undefined {
  try {
    const read = policy.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export interface Question {
  /** `ec2:RevokeSecurityGroupIngress` */
  action: string;
  /** An ARN. */
  resource: string;
  /** Condition keys of the request, e.g. `aws:ResourceTag/team`; those with several values as a list. */
  context: Record<string, string | string[]>;
}

/** May a holder of these policies do this? */
export function allows(documents: string[], question: Question): boolean {
  const statements = documents.flatMap(text => readPolicy(text)?.Statement ?? []);
  const hits = statements.filter(each => fits(each, question));
  return hits.some(each => each.Effect === 'Allow') && !hits.some(each => each.Effect === 'Deny');
}

/** May this service take a role with this trust policy, acting for this account? */
export function trusts(document: string, service: string, account: string): boolean {
  const context = { 'aws:SourceAccount': account };
  return (readPolicy(document)?.Statement ?? []).some(
    each =>
      each.Effect === 'Allow' &&
      each.Principal?.Service?.includes(service) === true &&
      each.Action.some(pattern => like(pattern, 'sts:AssumeRole', true)) &&
      conditionsHold(each, context),
  );
}

function fits(each: Statement, { action, resource, context }: Question): boolean {
  return (
    each.Action.some(pattern => like(pattern, action, true)) &&
    (each.Resource ?? []).some(pattern => like(pattern, resource)) &&
    conditionsHold(each, context)
  );
}

/** All operators, all keys of each, any value of a key. An operator it does not know holds only for a deny. */
export function conditionsHold(
  { Condition = {}, Effect }: Pick<Statement, 'Condition' | 'Effect'>,
  context: Question['context'],
): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const told = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
      const found = typeof told === 'string' ? told : undefined;
      switch (operator) {
        case 'ForAllValues:StringLike':
          return [told ?? []].flat().every(one => values.some(value => like(value, one)));
        case 'Bool':
        case 'StringEquals':
          return found !== undefined && values.includes(found);
        case 'StringLike':
        case 'ArnLike':
          return found !== undefined && values.some(value => like(value, found));
        case 'BoolIfExists':
          return found === undefined || values.includes(found);
        case 'Null':
          return values.includes(String(told === undefined));
        default:
          return Effect === 'Deny';
      }
    }),
  );
}

/** `*` is any text, `?` any character. */
export function like(pattern: string, text: string, anyCase = false): boolean {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
    .replaceAll('\\*', '.*')
    .replaceAll('\\?', '.');
  return new RegExp(`^${source}$`, anyCase ? 'is' : 's').test(text);
}
