import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { FOLDER } from "../root.ts";
import { mapValues } from "./value.ts";

/** A type as Terraform writes it in JSON. */
export type Type =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | ["list" | "set" | "map", Type]
  | ["object", Record<string, Type>]
  | ["tuple", Type[]];

export type Nesting = "single" | "list" | "set" | "map" | "group";

export interface Attribute {
  type?: Type;
  /** Attributes of an object, in protocol 6. An attribute has this or `type`. */
  nested_type?: { nesting_mode: Nesting; attributes: Record<string, Attribute> };
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  deprecated?: boolean;
  write_only?: boolean;
}

export interface NestedBlock {
  nesting_mode: Nesting;
  block: Block;
  min_items?: number;
  max_items?: number;
}

export interface Block {
  attributes?: Record<string, Attribute>;
  block_types?: Record<string, NestedBlock>;
}

export interface BlockSchema {
  version: number;
  block: Block;
}

/** The schema files hold what `terraform providers schema -json` prints, without descriptions. */
export interface SchemaFile {
  provider_version: string;
  provider: BlockSchema;
  resource_schemas: Record<string, BlockSchema>;
  data_source_schemas: Record<string, BlockSchema>;
}

export interface ProviderSchema extends SchemaFile {
  ephemeral_resource_schemas: Record<string, BlockSchema>;
}

/** The providers that are served, and the plugin protocol of each. */
export const providers = {
  aws: { source: "registry.terraform.io/hashicorp/aws", protocol: 5 },
  cloudflare: { source: "registry.terraform.io/cloudflare/cloudflare", protocol: 6 },
  random: { source: "registry.terraform.io/hashicorp/random", protocol: 5 },
  archive: { source: "registry.terraform.io/hashicorp/archive", protocol: 5 },
  null: { source: "registry.terraform.io/hashicorp/null", protocol: 5 },
  tls: { source: "registry.terraform.io/hashicorp/tls", protocol: 5 },
  time: { source: "registry.terraform.io/hashicorp/time", protocol: 5 },
} as const;

export type ProviderName = keyof typeof providers;

export const providerNames = Object.keys(providers) as ProviderName[];

export const SCHEMAS = path.join(FOLDER, "schemas");

export function loadSchema(provider: ProviderName): ProviderSchema {
  const packed = readFileSync(path.join(SCHEMAS, `${provider}.json.gz`));
  const schema: SchemaFile = JSON.parse(gunzipSync(packed).toString("utf8"));
  const ephemeral: Partial<Record<ProviderName, Record<string, Record<string, Attribute>>>> = JSON.parse(
    readFileSync(path.join(SCHEMAS, "ephemeral.json"), "utf8"),
  );
  return {
    ...schema,
    ephemeral_resource_schemas: mapValues(ephemeral[provider], (attributes) => ({
      version: 0,
      block: { attributes },
    })),
  };
}
