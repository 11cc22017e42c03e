import { development } from "../../environments/development.ts";
import {
  FLOATING_TAG_RULE,
  floatingTags,
  IMAGE_TAG_PATTERN,
  IMAGE_TAG_RULE,
  type ImageName,
} from "../../environments/image-tags.ts";
import { inputTable } from "../../environments/inputs.ts";
import type { VariableInput } from "../input-variable.ts";
import { text } from "./module-stack.ts";

type ModuleInput = Omit<VariableInput, "name">;

const MAX_PROJECT = 20;

/** What every module takes, under the names of the wiring that it is made for. */
export const common = {
  project_name: {
    type: "string",
    description: "Prefix of every name on AWS, such as phenom-dev",
    // The longest name that AWS limits is that of a target group, with 32 characters.
    pattern: `^[a-z][a-z0-9-]{0,${MAX_PROJECT - 2}}[a-z0-9]$`,
    shape: `2 to ${MAX_PROJECT} lower-case letters, digits and hyphens that begin with a letter, because AWS limits the names that begin with it`,
  },
  environment: {
    type: "string",
    description:
      "Name of the environment. In production, deleted secrets can be restored for 30 days, and image tags must be fixed",
    pattern: "^[a-z][a-z0-9-]{1,30}$",
    shape: "2 to 31 lower-case letters, digits and hyphens, such as development",
    default: development.environment,
  },
  permissions_boundary_arn: {
    type: "string",
    description: "Policy that limits what any role of the module may do",
    pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:policy/",
    shape: "the ARN of a policy",
    default: null,
  },
} satisfies Record<string, ModuleInput>;

/** Inputs of an environment that a module takes too, by their names. */
export const shared = Object.fromEntries(
  Object.values(inputTable).map(({ name, ...input }): [string, ModuleInput] => [name, input]),
) as Readonly<Record<(typeof inputTable)[keyof typeof inputTable]["name"], ModuleInput>>;

/** The same input, with a value that it has if nobody sets it. */
export const optional = (input: ModuleInput, value: ModuleInput["default"] = null): ModuleInput => ({
  ...input,
  default: value,
});

export const serverName: ModuleInput = {
  type: "string",
  description: "Host name of everything that the chat serves",
  pattern: "^(?:[a-z0-9-]+[.])+[a-z0-9-]+$",
  shape: "a host name in lower case, such as chat.example.org",
};

/** The endpoint of an RDS instance, which AWS writes with its port. */
export const rdsHost: ModuleInput = {
  type: "string",
  description: "Host name of the RDS instance, or its endpoint <host>:<port>",
  pattern: "^(?:[a-zA-Z0-9-]+[.])+[a-zA-Z0-9-]+(?::[0-9]+)?$",
  shape: "a host name with a dot, such as the attribute address or endpoint of aws_db_instance",
};
export const hostOf = (variable: string) => `split(":", var.${variable})[0]`;

export const flag = (description: string, value = false): ModuleInput => ({
  type: "bool",
  description,
  default: value,
});

/** Tag of an image whose repository is that of development. */
export const imageTag = (image: ImageName, variable: string): ModuleInput => {
  const { repository, tag } = development.images[image];
  return {
    type: "string",
    description: `Tag of ${repository}`,
    default: tag ?? null,
    rules: [
      {
        condition: `can(regex(${JSON.stringify(IMAGE_TAG_PATTERN)}, var.${variable}))`,
        remedy: IMAGE_TAG_RULE,
      },
      {
        condition: `var.environment != "production" || !contains(${JSON.stringify(floatingTags)}, var.${variable})`,
        remedy: FLOATING_TAG_RULE,
      },
    ],
  };
};
export const imageUri = (image: ImageName, variable: string): string =>
  `${development.images[image].repository}:${text(`var.${variable}`)}`;

export const priority = (what: string, value: number, variable: string): ModuleInput => ({
  type: "number",
  description: `Priority of the listener rule of ${what}`,
  default: value,
  rules: [
    {
      condition: `var.${variable} >= 1 && var.${variable} <= 50000 && floor(var.${variable}) == var.${variable}`,
      remedy: "choose a whole number from 1 to 50000 that no other rule of the listener has",
    },
  ],
});

/** Versions of generated secrets, by name; a name that is missing has version 1. */
export const secretVersions = (names: readonly string[]): ModuleInput => ({
  type: "map(number)",
  description: `Versions of generated secrets: raise a number by one to generate that value again. Names: ${names.join(", ")}`,
  default: {},
  rules: [
    {
      condition: `length(setsubtract(keys(var.secret_versions), ${JSON.stringify(names)})) == 0`,
      remedy: `the module generates only ${names.join(", ")}`,
    },
  ],
});
export const versionOf = (name: string) => `lookup(var.secret_versions, ${JSON.stringify(name)}, 1)`;
