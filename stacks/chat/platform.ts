import { DataTerraformRemoteStateS3, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { allInputs, type Input, inputTable, type Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";

/** Terraform's condition that `value` matches the pattern of `input`. */
const condition = ({ type, pattern, min, default: fallback }: Input, value: string): string | undefined => {
  if (min !== undefined) return `${value} >= ${min} && floor(${value}) == ${value}`;
  if (!pattern) return undefined;
  const matches = (v: string) => `can(regex(${JSON.stringify(pattern).replaceAll("${", "$${")}, ${v}))`;
  return type === "list(string)"
    ? `${fallback ? "" : `length(${value}) > 0 && `}alltrue([for v in ${value} : ${matches("v")}])`
    : matches(value);
};

function fromVariable(scope: Construct, input: Input) {
  const { name, type, description, shape } = input;
  const optional = "default" in input;
  const value = `var.${name}`;
  const check = condition(input, value);
  const variable = new TerraformVariable(scope, name, {
    type,
    description,
    nullable: false,
    ...(optional && { default: input.default }),
    ...(check && {
      validation: [
        {
          condition: `\${${optional && type !== "list(string)" ? `${value} == ${JSON.stringify(input.default)} || ` : ""}${check}}`,
          errorMessage: `${name} must be ${type === "list(string)" ? `a list${optional ? "" : ", not empty,"} of: ` : ""}${shape}.`,
        },
      ],
    }),
  });
  return { string: variable.stringValue, number: variable.numberValue, list: variable.listValue };
}

function remoteState(
  scope: Construct,
  environment: Environment,
  source: Extract<Environment["inputs"], { from: "remote-state" }>,
) {
  const { bucket, key, region, outputs } = source;
  const outputOf = (input: Input) => outputs?.[input.name] ?? input.name;
  const state = new DataTerraformRemoteStateS3(scope, "platform", {
    bucket,
    key,
    region,
    defaults: Object.fromEntries(
      allInputs.filter((input) => "default" in input).map((input) => [outputOf(input), input.default]),
    ),
  });
  // Without these, Terraform's error would name neither the environment nor the remedy.
  state.addOverride(
    "lifecycle.postcondition",
    allInputs
      .filter((input) => !("default" in input))
      .map((input) => {
        const value = `self.outputs.${outputOf(input)}`;
        return {
          condition: `\${can(${value})${input.pattern ? ` && ${condition(input, value)}` : ""}}`,
          error_message: `${environment.environment}: inputs: the remote state s3://${bucket}/${key} must have the output ${outputOf(input)} (${input.description})${input.shape ? `: ${input.shape}` : ""}. Add it there, or map it in inputs.outputs.`,
        };
      }),
  );
  return (input: Input) => {
    const output = outputOf(input);
    return { string: state.getString(output), number: state.getNumber(output), list: state.getList(output) };
  };
}

/** The environment's inputs, from Terraform variables or from another stack's remote state. */
export function platform(scope: Construct, environment: Environment): Platform {
  const source = environment.inputs;
  const read =
    source.from === "variables"
      ? (input: Input) => fromVariable(scope, input)
      : remoteState(scope, environment, source);
  return Object.fromEntries(
    Object.entries(inputTable).map(([key, input]) => {
      const value = read(input);
      return [
        key,
        input.type === "list(string)" ? value.list : input.type === "number" ? value.number : value.string,
      ];
    }),
  ) as Platform;
}
