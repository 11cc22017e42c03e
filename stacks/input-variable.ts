import { TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import type { Input } from "../environments/inputs.ts";

/** An input of a stack or of a module. */
export interface VariableInput extends Omit<Input, "type" | "default"> {
  readonly type: Input["type"] | "bool" | "map(number)";
  /** `null` where a value may be left out. @default - required */
  readonly default?: Input["default"] | boolean | null | Readonly<Record<string, number>>;
  /** Whether the value is in no plan and no state. @default false */
  readonly ephemeral?: boolean;
  /** Further conditions, each with what to do. @default - none */
  readonly rules?: readonly { readonly condition: string; readonly remedy: string }[];
}

/** Terraform's condition that `value` matches the pattern of `input`. */
export const condition = (
  { type, pattern, min, default: fallback }: VariableInput,
  value: string,
): string | undefined => {
  if (min !== undefined) return `${value} >= ${min} && floor(${value}) == ${value}`;
  if (!pattern) return undefined;
  const matches = (v: string) => `can(regex(${JSON.stringify(pattern).replaceAll("${", "$${")}, ${v}))`;
  return type === "list(string)"
    ? `${fallback ? "" : `length(${value}) > 0 && `}alltrue([for v in ${value} : ${matches("v")}])`
    : matches(value);
};

/** References to a variable's value, of which the one of its type is meaningful. */
export interface VariableValue {
  readonly string: string;
  readonly number: number;
  readonly list: string[];
}

/** A Terraform variable that refuses values of another shape before anything is planned. */
export function inputVariable(scope: Construct, input: VariableInput): VariableValue {
  const { name, type, description, ephemeral } = input;
  const optional = "default" in input;
  const validation = validations(input);
  const variable = new TerraformVariable(scope, name, {
    type,
    description,
    nullable: input.default === null,
    ...(optional && input.default !== null && { default: input.default }),
    ...(ephemeral && { sensitive: true }),
    ...(validation.length && { validation }),
  });
  // CDKTF's class takes neither.
  if (input.default === null) variable.addOverride("default", null);
  if (ephemeral) variable.addOverride("ephemeral", true);
  return { string: variable.stringValue, number: variable.numberValue, list: variable.listValue };
}

function validations(input: VariableInput) {
  const { name, type, shape, rules = [] } = input;
  const optional = "default" in input;
  const value = `var.${name}`;
  const isList = type === "list(string)";
  const check = condition(input, value);
  const unset = optional && !isList ? `${value} == ${JSON.stringify(input.default)} || ` : "";
  const list = isList ? `a list${optional ? "" : ", not empty,"} of: ` : "";
  return [
    ...(check
      ? [{ condition: `\${${unset}${check}}`, errorMessage: `${name} must be ${list}${shape}.` }]
      : []),
    ...rules.map(({ condition, remedy }) => ({
      condition: `\${${condition}}`,
      errorMessage: `${name}: ${remedy}.`,
    })),
  ];
}
