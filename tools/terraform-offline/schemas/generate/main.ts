// Writes schemas/<provider>.json.gz for the types in schemas/types.json.
//
//   node tools/run.mjs tools/terraform-offline/schemas/generate/main.ts --bindings node_modules [--aws FOLDER]
//
// --bindings  a folder node_modules with the packages @cdktf/provider-*
// --aws       a folder with provider/, resource_schemas/ and data_source_schemas/, one JSON file for each type, each
//             what `terraform providers schema -json` prints for that type
//
// Types that --aws does not hold, and attributes newer than it, are read from the bindings; so is every other provider.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import {
  type Block,
  type BlockSchema,
  type ProviderName,
  providerNames,
  SCHEMAS,
  type SchemaFile,
} from "../../plugin/schema.ts";
import types from "../types.json" with { type: "json" };
import { blockFromBindings } from "./bindings.ts";
import { addMissing, trimBlock } from "./blocks.ts";

/** Attributes that the bindings do not mark as sensitive. */
const sensitiveAttributes: Readonly<Record<string, readonly string[]>> = {
  random_password: ["result", "bcrypt_hash"],
  tls_private_key: ["private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"],
  cloudflare: ["api_key", "api_token", "api_user_service_key"],
};

const kinds = {
  resource: { schemas: "resource_schemas", label: "", prefix: "" },
  data: { schemas: "data_source_schemas", label: "data.", prefix: "data-" },
} as const;

type Kind = keyof typeof kinds;

const { bindings, aws } = parseArgs({
  options: { bindings: { type: "string" }, aws: { type: "string" } },
}).values;
if (bindings === undefined)
  throw new Error("--bindings is missing: a folder node_modules with @cdktf/provider-*");

const readText = (file: string) => readFileSync(file, "utf8");

const nestedIn = (provider: ProviderName) => (provider === "cloudflare" ? "attributes" : "blocks");

const packageOf = (provider: ProviderName) => path.join(String(bindings), "@cdktf", `provider-${provider}`);

/** The block of a type by its bindings; `undefined` if they do not have the type. */
function fromBindings(provider: ProviderName, kind: Kind, name: string): Block | undefined {
  const folder = name.replaceAll("_", "-");
  const folders = kind === "data" ? [`data-${provider}-${folder}`] : [folder, `${folder}-resource`];
  const file = folders
    .map((candidate) => path.join(packageOf(provider), "lib", candidate, "index.js"))
    .find((candidate) => existsSync(candidate));
  return file === undefined ? undefined : blockFromBindings(file, nestedIn(provider));
}

/** The schema of an AWS type in the folder `--aws`. */
function fromAws(kind: Kind, type: string): BlockSchema | undefined {
  if (aws === undefined) return undefined;
  const file = path.join(aws, kinds[kind].schemas, `${type}.json`);
  if (!existsSync(file)) return undefined;
  const { version, block }: BlockSchema = JSON.parse(readText(file));
  return { version: version ?? 0, block: trimBlock(block) };
}

function schemaOf(provider: ProviderName, kind: Kind, name: string): BlockSchema {
  const type = `${provider}_${name}`;
  const derived = fromBindings(provider, kind, name);
  const real = provider === "aws" ? fromAws(kind, type) : undefined;
  if (!real && !derived) throw new Error(`${kind} ${type} is in neither folder`);
  if (real && derived)
    for (const added of addMissing(real.block, derived, kinds[kind].label + type))
      console.log(`added ${added}`);
  const schema = real ?? { version: 0, block: trimBlock(derived ?? {}) };
  markSensitive(schema.block, type);
  return schema;
}

function markSensitive(block: Block, owner: string): void {
  for (const name of sensitiveAttributes[owner] ?? []) {
    const attribute = block.attributes?.[name];
    if (attribute) attribute.sensitive = true;
  }
}

function providerBlock(provider: ProviderName): Block {
  if (provider === "aws" && aws !== undefined)
    return JSON.parse(readText(path.join(aws, "provider", "block.json")));
  const block = blockFromBindings(
    path.join(packageOf(provider), "lib/provider/index.js"),
    nestedIn(provider),
  );
  // An argument of Terraform, not of the provider.
  delete block.attributes?.["alias"];
  markSensitive(block, provider);
  return block;
}

function schemaFile(provider: ProviderName): SchemaFile {
  const readme = readText(path.join(packageOf(provider), "README.md"));
  const schemas = (kind: Kind) =>
    Object.fromEntries(
      types[provider][kind].map((name) => [`${provider}_${name}`, schemaOf(provider, kind, name)]),
    );
  return {
    provider_version: /provider version ([\d.]+)/.exec(readme)?.[1] ?? "",
    provider: { version: 0, block: trimBlock(providerBlock(provider)) },
    resource_schemas: schemas("resource"),
    data_source_schemas: schemas("data"),
  };
}

for (const provider of providerNames) {
  const file = schemaFile(provider);
  writeFileSync(path.join(SCHEMAS, `${provider}.json.gz`), gzipSync(JSON.stringify(file), { level: 9 }));
  const counts = [file.resource_schemas, file.data_source_schemas].map((all) => Object.keys(all).length);
  console.log(`${provider} ${file.provider_version}: ${counts[0]} resource types, ${counts[1]} data sources`);
}
