/** An error as a field of a log line. */
export interface ErrorDescription {
  readonly name?: string;
  /** Code of the system, of PostgreSQL or of another service. */
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

/** Characters of a message that are logged. */
const MESSAGE_LIMIT = 4000;
/** Causes that are logged; `fetch`, for example, puts the reason into the cause. */
const CAUSE_LIMIT = 3;

/** What a log line holds of an error. Errors of libraries carry objects with secrets, so only these fields are copied. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { message: String(error).slice(0, MESSAGE_LIMIT) };
  const { name, message, stack, cause } = error;
  return {
    name,
    ...("code" in error && typeof error.code === "string" && { code: error.code }),
    message: message.slice(0, MESSAGE_LIMIT),
    // The stack of any other error says no more than its name.
    ...(stack !== undefined && (name === "Error" || name === "TypeError") && { stack }),
    ...(cause !== undefined && depth < CAUSE_LIMIT && { cause: describeError(cause, depth + 1) }),
  };
}
