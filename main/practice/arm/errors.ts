/** Errors as ARM words them: `{ error: { code, message, details? } }`. */

export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: { code: string; message: string }[] | undefined;

  constructor(status: number, code: string, message: string, details?: { code: string; message: string }[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  body(): object {
    const { code, message, details } = this;
    return { error: { code, message, ...(details ? { details } : {}) } };
  }
}

/** What ARM itself says of a resource that is not there. */
export function resourceNotFound(type: string, name: string, group: string): ArmError {
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}
