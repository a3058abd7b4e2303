/**
 * Errors as data. Whatever goes wrong crosses every door as `{ code, message, fix?, detail? }`: the code is for
 * programs (the screen and the command line decide by it alone), message and fix are for people, detail is for
 * support. None of them ever holds a secret.
 */

/** Exit status of the command line for each kind of failure (DESIGN section 9). */
export const exitStatus = {
  failed: 1,
  usage: 2,
  missing: 3,
  policy: 4,
  cloud: 5,
  timeout: 6,
} as const;
export type ErrorKind = keyof typeof exitStatus;

/** Every code there is, and the kind it belongs to. */
export const errorKinds = {
  // usage: the words of the request are wrong
  BAD_INPUT: 'usage',
  BAD_CIDR: 'usage',
  BAD_DURATION: 'usage',
  VM_AMBIGUOUS: 'usage',
  CONFIRM_NEEDED: 'usage',
  // missing: no such thing
  VM_NOT_FOUND: 'missing',
  GRANT_NOT_FOUND: 'missing',
  ACCOUNT_NOT_FOUND: 'missing',
  // policy: we refuse, before anything is sent
  NOT_CONFIGURED: 'policy',
  UNSUPPORTED: 'policy',
  PORT_NOT_IN_POLICY: 'policy',
  TIME_TOO_LONG: 'policy',
  SOURCE_NOT_ALLOWED: 'policy',
  SOURCE_FAMILY: 'policy',
  ADMIN_RULE_DENIES: 'policy',
  VM_STOPPED: 'policy',
  GRANT_OVER: 'policy',
  PLAN_CHANGED: 'policy',
  // cloud: the cloud said no
  CLOUD_UNAUTHORIZED: 'cloud',
  CLOUD_FORBIDDEN: 'cloud',
  CLOUD_NOT_FOUND: 'cloud',
  CLOUD_CONFLICT: 'cloud',
  CLOUD_THROTTLED: 'cloud',
  CLOUD_QUOTA: 'cloud',
  CLOUD_FAILED: 'cloud',
  CLOUD_UNREACHABLE: 'cloud',
  // timeout: no answer in time
  NO_ANSWER: 'timeout',
  CLOUD_SLOW: 'timeout',
  // failed: something on this side
  MY_IP_UNKNOWN: 'failed',
  MY_IP_DISAGREES: 'failed',
  BROKER_RUNNING: 'failed',
  BROKER_UNREACHABLE: 'failed',
  LEDGER_NEWER: 'failed',
  LEDGER_DAMAGED: 'failed',
  DISK_FULL: 'failed',
  CLIENT_MISSING: 'failed',
  CLIENT_FAILED: 'failed',
  HOST_KEY_CHANGED: 'failed',
  NO_ACCOUNT: 'failed',
  NO_KEYCHAIN: 'failed',
  CANCELLED: 'failed',
  INTERNAL: 'failed',
} as const satisfies Record<string, ErrorKind>;
export type ErrorCode = keyof typeof errorKinds;

/** The shape that crosses doors, is written to the activity, and is printed under `--json`. */
export interface ErrorData {
  code: ErrorCode;
  /** One or two sentences a person understands. */
  message: string;
  /** What to do about it, where there is something. */
  fix?: string | undefined;
  /** Facts for support: cloud error codes, request ids, candidates. Never a secret. */
  detail?: Record<string, unknown> | undefined;
}

/** The one error class of Latchkey. Anything else that is thrown is a defect and crosses doors as INTERNAL. */
export class LatchkeyError extends Error {
  readonly code: ErrorCode;
  readonly fix: string | undefined;
  readonly detail: Record<string, unknown> | undefined;

  constructor(data: ErrorData, options?: ErrorOptions) {
    super(data.message, options);
    this.name = 'LatchkeyError';
    this.code = data.code;
    this.fix = data.fix;
    this.detail = data.detail;
  }

  /** The error as data, ready for JSON. */
  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      ...(this.fix === undefined ? {} : { fix: this.fix }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }
}

/**
 * Any thrown value as data. A value that is not a LatchkeyError is a defect: its text stays out of `message`
 * (it might hold anything) and only its class name is told.
 */
export function toErrorData(thrown: unknown): ErrorData {
  if (thrown instanceof LatchkeyError) return thrown.toData();
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return {
    code: 'INTERNAL',
    message: 'Something went wrong inside Latchkey.',
    fix: 'Try again; if it stays, send us the log.',
    detail: { name },
  };
}

/** Is this what `toErrorData` gives? For what comes from another process. */
export function isErrorData(value: unknown): value is ErrorData {
  if (typeof value !== 'object' || value === null || !('code' in value) || !('message' in value))
    return false;
  return (
    typeof value.code === 'string' &&
    Object.hasOwn(errorKinds, value.code) &&
    typeof value.message === 'string'
  );
}

/** Closes a switch over a union: a new member that nobody handles is a compile error. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
