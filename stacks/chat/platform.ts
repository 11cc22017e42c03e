import { DataTerraformRemoteStateS3 } from "cdktf";
import type { Construct } from "constructs";
import { allInputs, type Input, inputTable, type Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";
import { condition, inputVariable } from "../input-variable.ts";

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
      ? (input: Input) => inputVariable(scope, input)
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
