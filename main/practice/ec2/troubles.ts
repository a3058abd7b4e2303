/**
 * AWS's bad days by name, worded as AWS words them: faults to switch on with `{ "kind": … }`. Each can come before the write
 * took effect or (`"when": "after"`) after it. Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
 */
import type { FaultInput } from '../server/faults.ts';

type Trouble = Omit<FaultInput, 'cloud' | 'method' | 'path' | 'action' | 'skip' | 'times' | 'when'>;

const refusal = (code: string, message: string, status = 400): Trouble => ({ status, code, message });

export const troubles = {
  'InvalidPermission.Duplicate': refusal(
    'InvalidPermission.Duplicate',
    'the specified rule "peer: 203.0.113.7/32, TCP, from port: 22, to port: 22, ALLOW" already exists',
  ),
  'InvalidPermission.Malformed': refusal('InvalidPermission.Malformed', 'Unsupported IP protocol "x"'),
  'InvalidPermission.NotFound': refusal(
    'InvalidPermission.NotFound',
    'The specified rule does not exist in this security group.',
  ),
  'InvalidSecurityGroupRuleId.NotFound': refusal(
    'InvalidSecurityGroupRuleId.NotFound',
    "The security group rule ID 'sgr-0123456789abcdef0' does not exist",
  ),
  'InvalidGroup.NotFound': refusal(
    'InvalidGroup.NotFound',
    "The security group 'sg-0123456789abcdef0' does not exist",
  ),
  RulesPerSecurityGroupLimitExceeded: refusal(
    'RulesPerSecurityGroupLimitExceeded',
    'The maximum number of rules per security group has been reached.',
  ),
  SecurityGroupLimitExceeded: refusal(
    'SecurityGroupLimitExceeded',
    'The maximum number of security groups has been reached.',
  ),
  SecurityGroupsPerInterfaceLimitExceeded: refusal(
    'SecurityGroupsPerInterfaceLimitExceeded',
    'The maximum number of security groups per interface has been reached.',
  ),
  SecurityGroupsPerInstanceLimitExceeded: refusal(
    'SecurityGroupsPerInstanceLimitExceeded',
    'The maximum number of security groups per instance has been reached.',
  ),
  DependencyViolation: refusal('DependencyViolation', 'resource sg-0123456789abcdef0 has a dependent object'),
  UnauthorizedOperation: refusal(
    'UnauthorizedOperation',
    'You are not authorized to perform this operation. User: arn:aws:iam::467201983345:user/lena is not authorized to perform: ec2:AuthorizeSecurityGroupIngress because no identity-based policy allows the ec2:AuthorizeSecurityGroupIngress action. Encoded authorization failure message: 5wF3aXJ0dWFsLXByYWN0aWNl-VGhlcmUgaXMgbm90aGluZyBpbiBoZXJlLg',
    403,
  ),
  AuthFailure: refusal('AuthFailure', 'AWS was not able to validate the provided access credentials', 401),
  'AuthFailure of a managed interface': refusal(
    'AuthFailure',
    'You do not have permission to access the specified resource.',
    403,
  ),
  OperationNotPermitted: refusal('OperationNotPermitted', 'You may not modify this network interface.'),
  ExpiredToken: refusal('ExpiredToken', 'The security token included in the request is expired'),
  RequestExpired: refusal('RequestExpired', 'Request has expired.', 400),
  RequestLimitExceeded: refusal('RequestLimitExceeded', 'Request limit exceeded.', 503),
  Throttling: refusal('Throttling', 'Rate exceeded'),
  InternalError: refusal('InternalError', 'An internal error has occurred', 500),
  Unavailable: refusal('Unavailable', 'The service is unavailable. Please try again shortly.', 503),
  // EventBridge Scheduler (docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html)
  ConflictException: refusal('ConflictException', 'Schedule latchkey-sgr-0 already exists.', 409),
  ResourceNotFoundException: refusal('ResourceNotFoundException', 'Schedule does not exist.', 404),
  ServiceQuotaExceededException: refusal('ServiceQuotaExceededException', 'Schedule quota exceeded.', 402),
  ThrottlingException: refusal('ThrottlingException', 'Rate exceeded', 429),
  ValidationException: refusal('ValidationException', 'The schedule expression must be in the future.'),
  // EC2 Instance Connect (docs.aws.amazon.com/ec2-instance-connect/latest/APIReference/API_SendSSHPublicKey.html)
  AuthException: refusal(
    'AuthException',
    'Either your AWS credentials are not valid or you do not have access.',
    403,
  ),
  EC2InstanceNotFoundException: refusal('EC2InstanceNotFoundException', 'The instance does not exist.', 404),
  EC2InstanceStateInvalidException: refusal(
    'EC2InstanceStateInvalidException',
    'The instance is in an invalid state for this operation.',
  ),
  EC2InstanceUnavailableException: refusal(
    'EC2InstanceUnavailableException',
    'The instance is currently unavailable.',
    503,
  ),
  InvalidArgsException: refusal('InvalidArgsException', 'The key could not be parsed.'),
  ServiceException: refusal('ServiceException', 'The service encountered an error.', 500),
  'no answer': { drop: true },
  'half an answer': { cut: true },
} as const satisfies Record<string, Trouble>;

export type TroubleKind = keyof typeof troubles;

/** The trouble of this name; undefined if AWS has none such. */
export function awsTrouble(kind: string): Trouble | undefined {
  return Object.hasOwn(troubles, kind) ? troubles[kind as TroubleKind] : undefined;
}
