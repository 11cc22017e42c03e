import { describe, expect, it } from "@jest/globals";
import * as z from "zod";
import types from "../schemas/types.json" with { type: "json" };
import { loadSchema, providerNames } from "./schema.ts";

const scalar = z.enum(["string", "number", "bool", "dynamic"]);
const type: z.ZodType = z.lazy(() =>
  z.union([
    scalar,
    z.tuple([z.enum(["list", "set", "map"]), type]),
    z.tuple([z.literal("object"), z.record(z.string(), type)]),
    z.tuple([z.literal("tuple"), z.array(type)]),
  ]),
);
const nesting = z.enum(["single", "list", "set", "map", "group"]);
const flag = z.literal(true).optional();
const flags = {
  required: flag,
  optional: flag,
  computed: flag,
  sensitive: flag,
  deprecated: flag,
  write_only: flag,
};
const attribute: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ type, ...flags }),
    z.strictObject({
      nested_type: z.strictObject({ nesting_mode: nesting, attributes: z.record(z.string(), attribute) }),
      ...flags,
    }),
  ]),
);
const block: z.ZodType = z.lazy(() =>
  z.strictObject({
    attributes: z.record(z.string(), attribute).optional(),
    block_types: z
      .record(
        z.string(),
        z.strictObject({
          nesting_mode: nesting,
          block,
          min_items: z.number().optional(),
          max_items: z.number().optional(),
        }),
      )
      .optional(),
  }),
);
const blockSchema = z.strictObject({ version: z.number(), block });
const file = z.strictObject({
  provider_version: z.string(),
  provider: blockSchema,
  resource_schemas: z.record(z.string(), blockSchema),
  data_source_schemas: z.record(z.string(), blockSchema),
  ephemeral_resource_schemas: z.record(z.string(), blockSchema),
});

describe.each(providerNames)("the schema of %s", (provider) => {
  it("has the form that the program expects", () => {
    expect(file.safeParse(loadSchema(provider)).error).toBeUndefined();
  });

  it("has every type of types.json", () => {
    const { resource_schemas, data_source_schemas } = loadSchema(provider);
    const named = (names: readonly string[]) => names.map((name) => `${provider}_${name}`).sort();
    expect(Object.keys(resource_schemas).sort()).toEqual(named(types[provider].resource));
    expect(Object.keys(data_source_schemas).sort()).toEqual(named(types[provider].data));
  });
});

describe("the schema of aws", () => {
  const { resource_schemas, ephemeral_resource_schemas } = loadSchema("aws");

  it.each([
    ["aws_secretsmanager_secret_version", "secret_string_wo"],
    ["aws_db_instance", "password_wo"],
    ["aws_ssm_parameter", "value_wo"],
  ])("marks of %s the write-only argument %s", (type, name) => {
    expect(resource_schemas[type]?.block.attributes?.[name]?.write_only).toBe(true);
  });

  it("marks an ephemeral password as sensitive", () => {
    const password = ephemeral_resource_schemas["aws_secretsmanager_random_password"];
    expect(password?.block.attributes?.["random_password"]?.sensitive).toBe(true);
  });
});
