import { readFileSync } from "node:fs";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { outputsSchema } from "../../environments/outputs.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { EXIT, Problem } from "../cli/problem.ts";

/** The outputs that operations read. */
const readSchema = outputsSchema
  .pick({
    account_id: true,
    one_shot_tasks: true,
    cluster: true,
    release: true,
    services: true,
    functions: true,
    listener_rules: true,
    dns_record: true,
    database: true,
    sign_in: true,
    urls: true,
    cognito_client_ids: true,
    secret_arns: true,
  })
  .extend({
    migrations: outputsSchema.shape.migrations.default({}),
    inputs: z.record(z.string(), z.unknown()).default({}),
  });

/** The outputs that exist once the one-shot tasks are applied, before anything else is. */
const taskSchema = outputsSchema.pick({ account_id: true, one_shot_tasks: true });

export type Outputs = z.output<typeof readSchema>;
export type TaskOutputs = z.output<typeof taskSchema>;
export type { OneShotTask, ServiceOutput } from "../../environments/outputs.ts";

/** Terraform writes outputs in its state in the form of `terraform output -json`. */
const wrapped = z.record(z.string(), z.object({ value: z.unknown() }));
const state = z.object({ version: z.literal(4), outputs: wrapped });

const applyFirst = (environment: string) => `Apply it first: npm run ops -- deploy ${environment}`;

function parsed<T>(schema: z.ZodType<T>, values: unknown, environment: string, source: string): T {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Problem(
    `${environment}: the output ${issue?.path.join(".")} in ${source} is not what this version reads: ${issue?.message}`,
    `The environment was applied by another version of the code. ${applyFirst(environment)}, or check out the version that was.`,
    EXIT.notDeployed,
    { cause: result.error },
  );
}

const values = (outputs: z.output<typeof wrapped>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));

/** Outputs out of the text that `terraform output -json` prints. @throws Problem where one is missing or malformed */
export function parseOutputs(json: string, environment: string, source: string): Outputs {
  return parsed(readSchema, values(readJson(wrapped, json, source)), environment, source);
}

/** The outputs that running one-shot tasks takes. @throws Problem where one is missing or malformed */
export function parseTaskOutputs(json: string, environment: string, source: string): TaskOutputs {
  return parsed(taskSchema, values(readJson(wrapped, json, source)), environment, source);
}

/** Reads the file that `terraform output -json` wrote. */
export function readOutputsFile(file: string, environment: string): Outputs {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Problem(
      `--outputs ${file}: ${error instanceof Error ? error.message : error}`,
      "Write it with: terraform output -json > <file>, in cdktf.out/stacks/<environment>",
      EXIT.usage,
    );
  }
  return parseOutputs(text, environment, file);
}

/** Reads the outputs of the environment's Terraform state, where its backend keeps it. */
export async function readStateOutputs(
  s3: S3Client,
  { environment, state: { bucket, key } }: Pick<EnvironmentData, "environment" | "state">,
): Promise<Outputs> {
  const source = `s3://${bucket}/${key}`;
  const text = await s3
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    .then(({ Body }) => Body?.transformToString())
    .catch((error: unknown) => {
      if (error instanceof Error && ["NoSuchKey", "NoSuchBucket"].includes(error.name))
        throw new Problem(
          `${environment}: there is no Terraform state at ${source}`,
          `${applyFirst(environment)}. Where it was applied, these credentials may be of another account: aws sts get-caller-identity`,
          EXIT.notDeployed,
          { cause: error },
        );
      throw error;
    });
  const { outputs } = readJson(state, text ?? "", source);
  if (Object.keys(outputs).length === 0)
    throw new Problem(
      `${environment}: the state at ${source} has no outputs`,
      applyFirst(environment),
      EXIT.notDeployed,
    );
  return parsed(readSchema, values(outputs), environment, source);
}

function readJson<T>(schema: z.ZodType<T>, text: string, source: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    // The cause would quote the text, which may hold secrets.
    throw new Problem(
      `${source} does not hold Terraform outputs (${error instanceof z.ZodError ? "unexpected fields" : "no JSON"})`,
      "It must be a Terraform state of version 4, or what terraform output -json writes",
      EXIT.notDeployed,
    );
  }
}
