import * as z from "zod";
import type { Secrets } from "./aws.ts";
import { TaskDefinitionError } from "./task-definition.ts";

/** What a container's secret points to: `arn[:json-key:version-stage:version-id]`. */
interface SecretReference {
  readonly secretArn: string;
  /** Key of a JSON object. @default - the whole value */
  readonly jsonKey: string | undefined;
  readonly versionStage: string | undefined;
  readonly versionId: string | undefined;
}

/** @throws TaskDefinitionError when `valueFrom` is not a Secrets Manager ARN in full */
function parseSecretReference(valueFrom: string): SecretReference {
  const words = valueFrom.split(":");
  if (
    !valueFrom.startsWith("arn:") ||
    words[2] !== "secretsmanager" ||
    (words.length !== 7 && words.length !== 10)
  )
    throw new TaskDefinitionError(
      `valueFrom ${valueFrom}: must be the ARN of a secret, or that ARN with :json-key:version-stage:version-id`,
    );
  const [jsonKey, versionStage, versionId] = words.slice(7);
  return {
    secretArn: words.slice(0, 7).join(":"),
    jsonKey: jsonKey || undefined,
    versionStage: versionStage || undefined,
    versionId: versionId || undefined,
  };
}

/**
 * The value that ECS would give to the container.
 *
 * @throws TaskDefinitionError with the secret's ARN and the key that it lacks, never with a value
 */
export async function readSecret(secrets: Pick<Secrets, "get">, valueFrom: string): Promise<string> {
  const { secretArn, jsonKey, versionStage, versionId } = parseSecretReference(valueFrom);
  const answer = await Promise.resolve(
    secrets.get({
      SecretId: secretArn,
      ...(versionStage && { VersionStage: versionStage }),
      ...(versionId && { VersionId: versionId }),
    }),
  ).catch((error: unknown) => {
    throw new TaskDefinitionError(
      `ResourceInitializationError: ${secretArn}: ${error instanceof Error ? error.name : "unknown error"}`,
    );
  });
  const { SecretString: value } = z.object({ SecretString: z.string().optional() }).parse(answer);
  if (value === undefined)
    throw new TaskDefinitionError(`ResourceInitializationError: ${secretArn} has no value`);
  if (jsonKey === undefined) return value;
  const found = valueAt(value, jsonKey);
  if (found === undefined)
    throw new TaskDefinitionError(`ResourceInitializationError: ${secretArn} has no JSON key ${jsonKey}`);
  return found;
}

function valueAt(json: string, key: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !Object.hasOwn(parsed, key)) return undefined;
  const value: unknown = Reflect.get(parsed, key);
  return typeof value === "string" ? value : JSON.stringify(value);
}
