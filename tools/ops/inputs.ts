import { readFileSync } from "node:fs";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import * as z from "zod";
import { type Input, inputTable } from "../../environments/inputs.ts";
import { inputsSource } from "../../environments/stack-names.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Context } from "./context.ts";

export type InputName = keyof typeof inputTable;

type Values = {
  readonly string: string;
  readonly number: number;
  readonly "list(string)": readonly string[];
};
type InputValue<N extends InputName> = Values[(typeof inputTable)[N]["type"]];

/** What is wrong with an input. */
export interface InputProblem {
  readonly input: Input;
  readonly problem: string;
}

/** The values of an environment's inputs, as a plan would find them. */
export class Inputs {
  /** Values by the names of Terraform's variables; those that are missing or malformed are not among them. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly InputProblem[];
  /** Where the values were looked for. */
  readonly source: string;

  constructor(found: Readonly<Record<string, unknown>>, source: string) {
    const values: Record<string, unknown> = {};
    const problems: InputProblem[] = [];
    for (const input of Object.values(inputTable)) {
      const parsed = parseInput(input, found[input.name]);
      if ("value" in parsed) values[input.name] = parsed.value;
      else problems.push({ input, problem: parsed.problem });
    }
    this.values = values;
    this.problems = problems;
    this.source = source;
  }

  /** @throws Problem where the value is missing or malformed: nothing that depends on it can be checked */
  get<N extends InputName>(key: N): InputValue<N> {
    const { name } = inputTable[key];
    if (!(name in this.values))
      throw new Problem(`${name} is not known`, `Set the input ${name} first`, EXIT.refused);
    return this.values[name] as InputValue<N>;
  }
}

function parseInput(input: Input, found: unknown): { value: unknown } | { problem: string } {
  if (found === undefined)
    return input.default === undefined ? { problem: "is missing" } : { value: input.default };
  const value = input.type === "string" ? found : fromText(found);
  if (JSON.stringify(value) === JSON.stringify(input.default)) return { value };
  const shape = {
    string: z.string(),
    number: z.coerce.number().int().min(1).max(65_535),
    "list(string)": z.array(z.string()).min(1),
  }[input.type].safeParse(value);
  if (!shape.success) return { problem: `is no ${input.type}` };
  const { pattern } = input;
  const texts = (Array.isArray(shape.data) ? shape.data : [shape.data]).map(String);
  const wrong = pattern
    ? texts.find((text) => text !== input.default && !new RegExp(pattern).test(text))
    : undefined;
  return wrong === undefined
    ? { value: shape.data }
    : { problem: `is ${JSON.stringify(wrong)}, and must be ${input.shape}` };
}

/** A variable of the process holds a list or a number as JSON. */
function fromText(found: unknown): unknown {
  if (typeof found !== "string") return found;
  try {
    return JSON.parse(found);
  } catch {
    return found;
  }
}

const object = z.record(z.string(), z.unknown());
const state = z.object({
  version: z.literal(4),
  outputs: z.record(z.string(), z.object({ value: z.unknown() })),
});

/**
 * Reads the inputs where a plan finds them: `TF_VAR_…` and, if there is one, a file of variables; or another stack's
 * state in S3.
 * @throws Problem where the source can't be read
 */
export async function readInputs(context: Context, file: string | undefined): Promise<Inputs> {
  const inputs = inputsSource(context.environment);
  const declared = file === undefined ? {} : readFile(file);
  if (inputs.from === "remote-state") {
    const outputs = await remoteOutputs(context, inputs);
    const named = Object.values(inputTable).map(({ name }) => [
      name,
      outputs[inputs.outputs?.[name] ?? name],
    ]);
    return new Inputs(Object.fromEntries(named), `s3://${inputs.bucket}/${inputs.key}`);
  }
  const variables = Object.values(inputTable).flatMap(({ name }) => {
    const value = process.env[`TF_VAR_${name}`];
    return value === undefined ? [] : [[name, value]];
  });
  return new Inputs(
    { ...Object.fromEntries(variables), ...declared },
    file === undefined ? "TF_VAR_<name>" : `${file} and TF_VAR_<name>`,
  );
}

function readFile(file: string): Record<string, unknown> {
  try {
    return object.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Problem(
      `--inputs ${file}: ${error instanceof z.ZodError ? "it is not a JSON object" : error instanceof Error ? error.message : error}`,
      "It must be JSON of variables, such as environments/development.example.tfvars.json",
      EXIT.usage,
    );
  }
}

async function remoteOutputs(
  { aws, environment }: Context,
  { bucket, key, region }: Extract<ReturnType<typeof inputsSource>, { from: "remote-state" }>,
): Promise<Record<string, unknown>> {
  const source = `s3://${bucket}/${key}`;
  const text = await aws
    .s3(region)
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    .then(({ Body }) => Body?.transformToString())
    .catch((error: unknown) => {
      if (error instanceof Error && ["NoSuchKey", "NoSuchBucket"].includes(error.name))
        throw new Problem(
          `${environment.environment}: inputs: there is no remote state at ${source}`,
          "Apply the stack that it belongs to, or correct inputs in the environment's file",
        );
      throw error;
    });
  const parsed = state.safeParse(fromText(text));
  if (!parsed.success)
    throw new Problem(
      `${source} is not a Terraform state of version 4`,
      "Correct inputs in the environment's file",
    );
  return Object.fromEntries(Object.entries(parsed.data.outputs).map(([name, { value }]) => [name, value]));
}
