import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { inputTable } from "../../../environments/inputs.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Aws } from "../aws.ts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { listed, type PreflightCheck, type Subject } from "./check.ts";

/** Keys of each secret that is an input; none where the whole text is the value. */
const keysOf = {
  rdsMasterSecretArn: ["username", "password"],
  hasuraAdminSecretArn: [],
  agentSecretArn: ["AGENT_USERNAME", "AGENT_PASSWORD"],
  dockerhubCredentialsArn: ["username", "password"],
} as const;

/** The secrets that are inputs exist and hold their keys. */
export const secrets: PreflightCheck = {
  name: "secrets",
  run: (subject) =>
    Promise.all((Object.keys(keysOf) as (keyof typeof keysOf)[]).map((input) => secret(subject, input))),
};

function secret({ aws, inputs }: Subject, input: keyof typeof keysOf): Promise<Finding> {
  const { name, description } = inputTable[input];
  const keys: readonly string[] = keysOf[input];
  const remedy = keys.length
    ? `Write it as a JSON object with ${keys.join(" and ")} (${description})`
    : `Write it as plain text (${description})`;
  return finding(name, remedy, async () => {
    const arn = inputs.get(input);
    if (keys.length === 0) {
      const text = await secretText(aws, arn);
      return text.trim() ? passed(name, arn) : failed(name, `${arn} is empty`, remedy);
    }
    const value = await readSecret(aws, arn);
    const missing = keys.filter((key) => !value[key]);
    return missing.length ? failed(name, `${arn} lacks ${listed(missing)}`, remedy) : passed(name, arn);
  });
}

/** @throws Problem where there is none */
async function secretText({ secrets }: Aws, arn: string): Promise<string> {
  try {
    return (await secrets.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString ?? "";
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException")
      throw new Problem(
        `the secret ${arn} does not exist or has no value`,
        "Correct the ARN, or write the secret",
        EXIT.failed,
      );
    throw error;
  }
}

/** A secret that is a JSON object of texts. @throws Problem where it is not; the text is never shown */
export async function readSecret(aws: Aws, arn: string): Promise<Readonly<Record<string, string>>> {
  const text = await secretText(aws, arn);
  try {
    return z.record(z.string(), z.coerce.string()).parse(JSON.parse(text));
  } catch {
    throw new Problem(
      `the secret ${arn} is no JSON object of texts`,
      "Write it as a JSON object",
      EXIT.failed,
    );
  }
}
