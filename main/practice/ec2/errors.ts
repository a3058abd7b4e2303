/** Errors as EC2 words them (docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). */

/** An error that goes to the caller: its code, its words, and the HTTP status (400 unless told). */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** The body of services that word their errors otherwise. */
  readonly fields: object | undefined;

  constructor(code: string, message: string, status = 400, fields?: object) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export const missing = (parameter: string) =>
  new AwsError('MissingParameter', `The request must contain the parameter ${parameter}`);

export const badValue = (message: string) => new AwsError('InvalidParameterValue', message);

const idForms = /^[a-z]+(-[a-z]+)*-[0-9a-f]{8,17}$/;

/** `<code>.NotFound`, e.g. `InvalidInstanceID.NotFound`; `<malformed>.Malformed` for what can't be an id at all. */
export function notFound(code: string, what: string, id: string, malformed = code): AwsError {
  if (idForms.test(id)) return new AwsError(`${code}.NotFound`, `The ${what} '${id}' does not exist`);
  return new AwsError(`${malformed}.Malformed`, `Invalid id: "${id}"`);
}
