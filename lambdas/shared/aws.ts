import { AwsClient } from "aws4fetch";
import * as z from "zod/mini";
import { parseJson } from "../../shared/json.ts";

/**
 * The services that the handlers call, in AWS's JSON 1.1 protocol. The SDK's clients are three times as large as a
 * handler may be.
 */
const services = {
  secretsmanager: { target: "secretsmanager", endpointVariable: "AWS_ENDPOINT_URL_SECRETS_MANAGER" },
  "cognito-idp": {
    target: "AWSCognitoIdentityProviderService",
    endpointVariable: "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
  },
} as const;

/** An error that AWS answers with; `name` is its type, such as ResourceNotFoundException. */
export class AwsError extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const errorSchema = z.object({
  __type: z.optional(z.string()),
  message: z.optional(z.string()),
  Message: z.optional(z.string()),
});

let client: AwsClient | undefined;

/**
 * Calls an operation with the function's role. Lambda sets region and credentials in the environment;
 * AWS_ENDPOINT_URL_<SERVICE> sets another endpoint, as for the SDKs.
 *
 * @throws AwsError if AWS refuses, TypeError if it cannot be reached, the signal's reason on abort
 */
export async function callAws(
  service: keyof typeof services,
  operation: string,
  input: object,
  signal: AbortSignal,
): Promise<unknown> {
  const { target, endpointVariable } = services[service];
  const region = variable("AWS_REGION");
  client ??= new AwsClient({
    accessKeyId: variable("AWS_ACCESS_KEY_ID"),
    secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
    sessionToken: process.env["AWS_SESSION_TOKEN"] ?? "",
    // Only after 5xx and 429, after 50 ms and then 100 ms at most.
    retries: 2,
    initRetryMs: 50,
  });
  const response = await client.fetch(
    process.env[endpointVariable] || `https://${service}.${region}.amazonaws.com/`,
    {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${target}.${operation}` },
      body: JSON.stringify(input),
      signal,
      redirect: "error",
      aws: { service, region },
    },
  );
  const answer = await response.text();
  if (response.ok) return JSON.parse(answer);
  const { data = {} } = errorSchema.safeParse(parseJson(answer));
  const type = data.__type?.split("#").at(-1) ?? `HTTP ${response.status}`;
  throw new AwsError(type, `${operation}: ${data.message ?? data.Message ?? "no explanation"}`);
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: Lambda sets it; outside Lambda set it yourself`);
  return value;
}
