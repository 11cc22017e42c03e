import { EXIT, Problem } from "../cli/problem.ts";

const PERMISSIONS = "docs/operations.md lists the permissions that each command needs";

const NO_CREDENTIALS = ["CredentialsProviderError", "TokenProviderError"];
const BAD_CREDENTIALS = [
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "InvalidClientTokenId",
  "InvalidAccessKeyId",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
];
const DENIED = ["AccessDenied", "AccessDeniedException", "Forbidden", "NotAuthorizedException"];
const THROTTLED = ["ThrottlingException", "Throttling", "TooManyRequestsException"];
const UNREACHABLE = ["ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN"];

const codeOf = (error: Error) => ("code" in error && typeof error.code === "string" ? error.code : "");

/** An error as a Problem: our own errors stay as they are, those of AWS get the remedy that belongs to their name. */
export function explain(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return new Problem(String(error), "This is a bug in ops: report it");
  const { name, message } = error;
  const problem = (text: string, remedy: string, exitCode: number) =>
    new Problem(text, remedy, exitCode, { cause: error });

  if (NO_CREDENTIALS.includes(name))
    return problem(
      `no AWS credentials: ${message}`,
      "Sign in (aws sso login), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      EXIT.refused,
    );
  if (BAD_CREDENTIALS.includes(name))
    return problem(
      `AWS rejects these credentials: ${name}: ${message}`,
      "Sign in again (aws sso login), or choose another AWS_PROFILE; aws sts get-caller-identity shows whose they are",
      EXIT.refused,
    );
  if (DENIED.includes(name)) return problem(`AWS denies this: ${message}`, PERMISSIONS, EXIT.refused);
  if (name === "ClusterNotFoundException")
    return problem(
      `ECS has no such cluster: ${message}`,
      "Check ecs_cluster_name of the environment",
      EXIT.failed,
    );
  if (THROTTLED.includes(name))
    return problem(`AWS throttles: ${message}`, "Wait a minute and repeat the command", EXIT.failed);
  if (UNREACHABLE.includes(codeOf(error)) || name === "TimeoutError")
    return problem(
      `AWS is unreachable: ${message || codeOf(error)}`,
      "Check the network, HTTPS_PROXY and the region of the environment",
      EXIT.failed,
    );
  return problem(
    `${name}: ${message}`,
    `The AWS documentation explains ${name}; ${PERMISSIONS}`,
    EXIT.failed,
  );
}
