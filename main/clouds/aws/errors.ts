/** What EC2, STS, IAM and Scheduler answer when they say no, as LatchkeyErrors. One table; nothing else here words a cloud's refusal. */
import { type ErrorCode, LatchkeyError } from '../../../shared/errors.ts';
import { cancelled } from '../calls.ts';

interface Row {
  code: ErrorCode;
  says: (told: string) => string;
  fix?: string | undefined;
}

const signedOut: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  says: () => 'AWS does not accept our sign-in any more.',
  fix: 'Sign in to this account again.',
};
const clock: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  says: () => "AWS refused the request's time or signature.",
  fix: "Check this computer's clock: AWS allows five minutes of error.",
};
/** EC2 has one code for two things: the time of a request, and the end of a session whose keys are still used. */
const sessionOrClock: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  says: () => 'The session that we are signed in with is over for AWS, or our clock is wrong.',
  fix: "Sign in to this account again. If that does not help, check this computer's clock.",
};
const forbidden: Row = {
  code: 'CLOUD_FORBIDDEN',
  says: told => `AWS does not let you do this: ${told}`,
  fix: '`latchkey roles aws --for view`, `request` or `configure` prints a policy with what Latchkey needs for that.',
};
/** AuthFailure is also EC2's word for an interface that another of AWS's services keeps (ECS, a load balancer). */
const managed: Row = {
  code: 'CLOUD_FORBIDDEN',
  says: told => `AWS lets nobody change this: ${told}`,
  fix: 'Another AWS service manages it, for example a network interface of ECS. Change it there.',
};
const missing: Row = {
  code: 'CLOUD_NOT_FOUND',
  says: told => `AWS has no such thing: ${told}`,
  fix: 'Refresh the list: it may have been deleted.',
};
const throttled: Row = {
  code: 'CLOUD_THROTTLED',
  says: () => 'AWS takes no more requests from us for now.',
  fix: 'Wait, then try again.',
};
const fullGroup: Row = {
  code: 'CLOUD_QUOTA',
  says: told => `The security group is full: ${told}`,
  fix: 'Ask for fewer ports or sources at once, or ask AWS for more rules per group (60 is the default).',
};
const fullInterface: Row = {
  code: 'CLOUD_QUOTA',
  says: () => "The VM's network interface has as many security groups as AWS allows.",
  fix: 'Detach a group it does not need, or ask AWS for more groups per interface (5 is the default, 16 the most).',
};
const busy: Row = {
  code: 'CLOUD_CONFLICT',
  says: told => `Something in AWS still uses it: ${told}`,
  fix: 'Try again in a minute.',
};
const broken: Row = {
  code: 'CLOUD_FAILED',
  says: told => `AWS has trouble of its own: ${told}`,
  fix: 'Try again later; health.aws.amazon.com tells of outages.',
};
const refused: Row = { code: 'CLOUD_FAILED', says: told => `AWS refused: ${told}` };

/** By code (docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). */
const byCode: Record<string, Row> = {
  AuthFailure: signedOut,
  InvalidClientTokenId: signedOut,
  UnrecognizedClientException: signedOut,
  MissingAuthenticationToken: signedOut,
  ExpiredToken: signedOut,
  ExpiredTokenException: signedOut,
  CredentialsProviderError: signedOut,
  TokenProviderError: signedOut,
  RequestExpired: sessionOrClock,
  'InvalidSecurity.RequestHasExpired': sessionOrClock,
  InvalidSignatureException: clock,
  SignatureDoesNotMatch: clock,
  RequestInTheFuture: clock,
  UnauthorizedOperation: forbidden,
  OperationNotPermitted: managed,
  AccessDenied: forbidden,
  AccessDeniedException: forbidden,
  OptInRequired: forbidden,
  // Besides InvalidGroup.NotFound, InvalidInstanceID.NotFound and all others of that ending.
  'InvalidInstanceID.Malformed': missing,
  InvalidID: missing,
  NoSuchEntity: missing,
  NoSuchEntityException: missing,
  ResourceNotFoundException: missing,
  RequestLimitExceeded: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  RequestThrottled: throttled,
  TooManyRequestsException: throttled,
  RulesPerSecurityGroupLimitExceeded: fullGroup,
  ServiceQuotaExceededException: {
    code: 'CLOUD_QUOTA',
    says: told => `AWS takes no more schedules: ${told}`,
    fix: 'Look for schedules that nobody needs, or ask AWS for more.',
  },
  TagLimitExceeded: {
    code: 'CLOUD_QUOTA',
    says: () => 'AWS takes no more tags (50) on this thing.',
    fix: 'Remove tags that nobody needs.',
  },
  SecurityGroupLimitExceeded: {
    code: 'CLOUD_QUOTA',
    says: told => `AWS takes no more security groups in this region: ${told}`,
    fix: 'Delete groups that nobody needs, or ask AWS for more (2,500 per region is the default).',
  },
  SecurityGroupsPerInterfaceLimitExceeded: fullInterface,
  SecurityGroupsPerInstanceLimitExceeded: fullInterface,
  'InvalidPermission.Duplicate': {
    code: 'CLOUD_CONFLICT',
    says: () => 'The same rule stands in the security group already.',
  },
  'InvalidPermission.Malformed': {
    code: 'CLOUD_FAILED',
    says: told => `AWS does not take such a rule: ${told}`,
    fix: 'Ask for other ports or sources.',
  },
  'InvalidGroup.Duplicate': {
    code: 'CLOUD_CONFLICT',
    says: told => `A security group of that name is there already: ${told}`,
  },
  ConflictException: { code: 'CLOUD_CONFLICT', says: told => `AWS has such a thing already: ${told}` },
  EntityAlreadyExistsException: {
    code: 'CLOUD_CONFLICT',
    says: told => `AWS has such a thing already: ${told}`,
  },
  DeleteConflictException: busy,
  DependencyViolation: busy,
  'InvalidGroup.InUse': busy,
  // EC2 Instance Connect (docs.aws.amazon.com/ec2-instance-connect/latest/APIReference/API_SendSSHPublicKey.html).
  AuthException: forbidden,
  EC2InstanceNotFoundException: missing,
  EC2InstanceStateInvalidException: {
    code: 'CLOUD_CONFLICT',
    says: () => 'The machine is not running, so no key can be put on it.',
    fix: 'Start it, then try again.',
  },
  EC2InstanceUnavailableException: {
    code: 'CLOUD_CONFLICT',
    says: () => 'The machine takes no key at the moment.',
    fix: 'Wait until it has started, then try again.',
  },
  EC2InstanceTypeInvalidException: {
    code: 'UNSUPPORTED',
    says: () => 'Machines of this type take no key by EC2 Instance Connect.',
    fix: 'Sign in with a key of your own.',
  },
  InvalidArgsException: {
    code: 'CLOUD_FAILED',
    says: told => `EC2 Instance Connect does not take the key: ${told}`,
    fix: 'Look at the user in the connection settings of the machine.',
  },
  ServiceException: broken,
  DryRunOperation: { code: 'CLOUD_FAILED', says: () => 'AWS would have done it, but was only asked to try.' },
  InternalError: broken,
  InternalFailure: broken,
  InternalServerException: broken,
  Unavailable: broken,
  ServiceUnavailable: broken,
};

interface Refusal {
  name: string;
  message: string;
  $metadata?: { httpStatusCode?: number; requestId?: string } | undefined;
}

/** Any error of the SDK as a LatchkeyError; its AWS code and request id are in `detail`. LatchkeyErrors stay as they are. */
export function awsError(thrown: unknown, action: string, signal?: AbortSignal): unknown {
  if (thrown instanceof LatchkeyError) return thrown;
  if (signal?.aborted) return cancelled();
  if (!(thrown instanceof Error)) return thrown;
  const refusal: Refusal = thrown;
  const status = refusal.$metadata?.httpStatusCode;
  const row = rowOf(refusal);
  if (row === undefined && (status === undefined || isCutOff(thrown))) {
    return isNetwork(thrown) ? unreachable(thrown, action) : thrown;
  }
  const { code, says, fix } = row ?? (status !== undefined && status >= 500 ? broken : refused);
  // The SDK adds lines of advice for programmers. AWS adds a text that only those may decode who are allowed to.
  const [told = '', encoded] = (refusal.message.split('\n')[0] ?? '').split(
    /\s*Encoded authorization failure message: /,
  );
  return new LatchkeyError(
    {
      code,
      message: says(named(row, told, action) || refusal.name),
      fix: encoded === undefined ? fix : `${fix ?? ''} ${decode}`.trim(),
      detail: {
        action,
        cloudCode: refusal.name,
        status,
        correlation: refusal.$metadata?.requestId,
        ...(encoded === undefined ? {} : { encoded }),
      },
    },
    { cause: thrown },
  );
}

function rowOf({ name, message }: Refusal): Row | undefined {
  if (name === 'AuthFailure' && /permission to access the specified resource/i.test(message)) return managed;
  return byCode[name] ?? (name.endsWith('.NotFound') ? missing : undefined);
}

const decode =
  'To read why, give the encoded text (it is in the details) to `aws sts decode-authorization-message`.';

/** A refusal of rights always names the action: AWS does so only sometimes. */
function named(row: Row | undefined, told: string, action: string): string {
  return row === forbidden && !told.includes(action) ? `${action}: ${told}` : told;
}

function networkCode(error: Error): string | undefined {
  const inner = 'code' in error ? error.code : undefined;
  return typeof inner === 'string' ? inner : undefined;
}

function isNetwork(error: Error): boolean {
  return networkCode(error) !== undefined || error.name === 'TimeoutError' || isCutOff(error);
}

/** An answer that ended in the middle. */
function isCutOff(error: Error): boolean {
  return networkCode(error) === 'ECONNRESET' || error.message === 'aborted';
}

function unreachable(error: Error, action: string): LatchkeyError {
  const network = networkCode(error) ?? error.name;
  return new LatchkeyError(
    {
      code: 'CLOUD_UNREACHABLE',
      message: `AWS can't be reached (${network}).`,
      fix: 'Check the network, the proxy and the clock of this computer.',
      detail: { action, network },
    },
    { cause: error },
  );
}
