/** Who did what a CloudTrail record tells of, and with what, in words. */
import type { TrailRecord } from './cloudTrailRecord.ts';
import { guardName } from './guardRole.ts';
import { userOfArn } from './names.ts';

/** The user or the session (of IAM Identity Center: the person), as `Cloud.identity` calls ours; of the guard the guard. */
export function callerOf(who: TrailRecord['userIdentity']): string {
  if (who.sessionContext?.sessionIssuer?.userName === guardName) return guardName;
  if (who.type === 'Root') return 'root';
  const told = [who.userName, who.arn && userOfArn(who.arn), who.invokedBy, who.principalId];
  return told.find(one => one !== undefined && one !== '') ?? 'unknown';
}

/** By what their user agents begin with, or say anywhere. */
const programs: [RegExp, string][] = [
  [/^(?:console|signin)\.amazonaws\.com|\bAWS-?Console\b|\bconsole\.amazonaws\.com\b/i, 'AWS console'],
  [/^aws-cli\//i, 'AWS CLI'],
  [/Terraform/, 'Terraform'],
  [/^aws-sdk-js\//i, 'AWS SDK for JavaScript'],
  [/^(?:Boto3|Botocore)\//i, 'AWS SDK for Python'],
];
const longest = 60;

/** `AWS console at 203.0.113.7`: the program, and the address the request came from, as far as they are told. */
export function clientOf(record: TrailRecord): string | undefined {
  const { userAgent = '', sourceIPAddress: address, sessionCredentialFromConsole } = record;
  const [, known] = programs.find(([form]) => form.test(userAgent)) ?? [];
  const first = userAgent.split(' ')[0]?.slice(0, longest);
  const program = sessionCredentialFromConsole === 'true' ? 'AWS console' : (known ?? first);
  // Of a service of AWS, both are its name.
  const parts = [program, address?.slice(0, longest)].filter(part => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : [...new Set(parts)].join(' at ');
}
