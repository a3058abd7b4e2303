/** Every error code of AWS that Latchkey may meet (reference section 8), and what it makes of it, without a request. */
import { expect, it } from 'vitest';
import { awsError } from '../../../main/clouds/aws/errors.ts';
import { troubles } from '../../../main/practice/ec2/troubles.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

function refusal(name: string, message = 'why', status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

const table = [
  // EC2
  ['InvalidPermission.Duplicate', 'CLOUD_CONFLICT'],
  ['InvalidPermission.Malformed', 'CLOUD_FAILED'],
  ['InvalidPermission.NotFound', 'CLOUD_NOT_FOUND'],
  ['InvalidGroup.NotFound', 'CLOUD_NOT_FOUND'],
  ['RulesPerSecurityGroupLimitExceeded', 'CLOUD_QUOTA'],
  ['SecurityGroupLimitExceeded', 'CLOUD_QUOTA'],
  ['SecurityGroupsPerInterfaceLimitExceeded', 'CLOUD_QUOTA'],
  ['SecurityGroupsPerInstanceLimitExceeded', 'CLOUD_QUOTA'],
  ['RequestLimitExceeded', 'CLOUD_THROTTLED'],
  ['UnauthorizedOperation', 'CLOUD_FORBIDDEN'],
  ['OperationNotPermitted', 'CLOUD_FORBIDDEN'],
  ['AuthFailure', 'CLOUD_UNAUTHORIZED'],
  ['RequestExpired', 'CLOUD_UNAUTHORIZED'],
  ['ExpiredToken', 'CLOUD_UNAUTHORIZED'],
  ['InvalidSecurityGroupRuleId.NotFound', 'CLOUD_NOT_FOUND'],
  ['DependencyViolation', 'CLOUD_CONFLICT'],
  ['Throttling', 'CLOUD_THROTTLED'],
  ['InternalError', 'CLOUD_FAILED'],
  ['Unavailable', 'CLOUD_FAILED'],
  // Scheduler and the others that speak JSON
  ['ConflictException', 'CLOUD_CONFLICT'],
  ['ResourceNotFoundException', 'CLOUD_NOT_FOUND'],
  ['ServiceQuotaExceededException', 'CLOUD_QUOTA'],
  ['ThrottlingException', 'CLOUD_THROTTLED'],
  ['ValidationException', 'CLOUD_FAILED'],
  ['UnrecognizedClientException', 'CLOUD_UNAUTHORIZED'],
  ['InvalidSignatureException', 'CLOUD_UNAUTHORIZED'],
  ['ExpiredTokenException', 'CLOUD_UNAUTHORIZED'],
  // EC2 Instance Connect
  ['AuthException', 'CLOUD_FORBIDDEN'],
  ['EC2InstanceNotFoundException', 'CLOUD_NOT_FOUND'],
  ['EC2InstanceStateInvalidException', 'CLOUD_CONFLICT'],
  ['EC2InstanceUnavailableException', 'CLOUD_CONFLICT'],
  ['InvalidArgsException', 'CLOUD_FAILED'],
  ['ServiceException', 'CLOUD_FAILED'],
] as const;

it.each(table)('%s is %s', (name, code) => {
  expect(awsError(refusal(name), 'SomeAction')).toMatchObject({
    code,
    detail: { action: 'SomeAction', cloudCode: name },
  });
});

it('every bad day that the practice cloud knows by name is one of these', () => {
  const codes = Object.values(troubles).flatMap(one => ('code' in one && one.code ? [one.code] : []));
  const known = new Set<string>(table.map(([name]) => name));
  expect(codes.filter(code => !known.has(code))).toEqual([]);
});

it('AuthFailure for what another service manages is no end of the sign-in', () => {
  const told = 'You do not have permission to access the specified resource.';
  const error = awsError(refusal('AuthFailure', told, 403), 'ModifyNetworkInterfaceAttribute');
  expect(error).toMatchObject({ code: 'CLOUD_FORBIDDEN', fix: expect.stringContaining('ECS') });
});

it('RequestExpired names both: a session that is over, and the clock', () => {
  const error = awsError(refusal('RequestExpired', 'Request has expired.'), 'DescribeInstances');
  expect(error).toBeInstanceOf(LatchkeyError);
  expect(error).toMatchObject({ message: expect.stringMatching(/session.*clock/) });
});
