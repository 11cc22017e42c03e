import path from "node:path";
import { parseArgs } from "node:util";

export interface CheckOptions {
  /** Where the first plan is written as JSON. */
  readonly plan: string | undefined;
  /** Where the state after the apply is written as JSON. */
  readonly state: string | undefined;
  /** JSON patches, of each of which is shown what it would touch. */
  readonly mutate: readonly string[];
  readonly remoteOutputs: string | undefined;
  /** What data sources find, as a file. */
  readonly data: string | undefined;
  /** Arguments of Terraform that set variables, in their order. */
  readonly variables: readonly string[];
  readonly refusesWarnings: boolean;
  /** `init` and the first plan alone. */
  readonly planOnly: boolean;
  /** Leaves the working copy. */
  readonly keep: boolean;
}

const optionTypes = {
  json: { type: "string" },
  state: { type: "string" },
  mutate: { type: "string", multiple: true },
  "remote-outputs": { type: "string" },
  data: { type: "string" },
  var: { type: "string", multiple: true },
  "var-file": { type: "string", multiple: true },
  "no-warnings": { type: "boolean" },
  "plan-only": { type: "boolean" },
  keep: { type: "boolean" },
} as const;

/** @throws Error if an option is unknown or lacks its value */
export function readOptions(args: readonly string[]): CheckOptions {
  // Terraform's own spelling has one hyphen.
  const spelled = args.map((arg) => arg.replace(/^-(?=var(-file)?(=|$))/, "--"));
  const { values, tokens } = parseArgs({
    args: spelled,
    options: optionTypes,
    strict: false,
    tokens: true,
  });
  const variables: string[] = [];
  const mutate: string[] = [];
  for (const token of tokens) {
    if (token.kind !== "option" || !Object.hasOwn(optionTypes, token.name))
      throw new Error(
        `check does not know ${token.kind === "option" ? token.rawName : spelled[token.index]}`,
      );
    if (token.value === undefined && optionTypes[token.name as keyof typeof optionTypes].type === "string")
      throw new Error(`check ${token.rawName} needs a value`);
    if (token.name === "var") variables.push(`-var=${token.value}`);
    if (token.name === "mutate") mutate.push(token.value ?? "");
    if (token.name === "var-file") variables.push(`-var-file=${path.resolve(token.value ?? "")}`);
  }
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    plan: text(values.json),
    state: text(values.state),
    mutate,
    remoteOutputs: text(values["remote-outputs"]),
    data: text(values.data),
    variables,
    refusesWarnings: values["no-warnings"] === true,
    planOnly: values["plan-only"] === true,
    keep: values.keep === true,
  };
}
