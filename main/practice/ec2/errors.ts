/** Errors as EC2 words them (docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). */

/** An error that goes to the caller: its code, its words, and the HTTP status (400 unless told). */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
  }
}

export const missing = (parameter: string) =>
  new AwsError('MissingParameter', `The request must contain the parameter ${parameter}`);

export const badValue = (message: string) => new AwsError('InvalidParameterValue', message);

/** `Invalid<kind>.NotFound`, e.g. `InvalidInstanceID.NotFound`. */
export const notFound = (code: string, what: string, id: string) =>
  new AwsError(`${code}.NotFound`, `The ${what} '${id}' does not exist`);
