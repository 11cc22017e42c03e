import {
  type Attribute,
  type Block,
  loadSchema,
  providerNames,
} from "../../terraform-offline/plugin/schema.ts";
import type { SensitiveAttributes } from "./expressions.ts";

/** What the providers' schemas say about the types that this project knows. */
export interface KnownTypes {
  readonly resources: ReadonlySet<string>;
  readonly sensitive: SensitiveAttributes;
}

const loaded = new Map<string, KnownTypes>();

/** The types of the providers that a stack requires, by their names in it. */
export function knownTypes(required: readonly string[]): KnownTypes {
  const known = loaded.get(String(required)) ?? load(required);
  loaded.set(String(required), known);
  return known;
}

function load(required: readonly string[]): KnownTypes {
  const resources = new Set<string>();
  const sensitive = new Map<string, readonly string[]>();
  for (const provider of providerNames.filter((name) => required.includes(name))) {
    const { resource_schemas, data_source_schemas } = loadSchema(provider);
    for (const type of Object.keys(resource_schemas)) resources.add(type);
    for (const schemas of [resource_schemas, data_source_schemas])
      for (const [type, { block }] of Object.entries(schemas)) {
        const attributes = sensitiveIn(block);
        if (attributes.length) sensitive.set(type, [...(sensitive.get(type) ?? []), ...attributes]);
      }
  }
  return { resources, sensitive };
}

/** Names of attributes and blocks that are sensitive, or have something sensitive in them. */
const sensitiveIn = ({ attributes = {}, block_types = {} }: Block): string[] => [
  ...Object.entries(attributes).flatMap(([name, attribute]) => (isSensitive(attribute) ? [name] : [])),
  ...Object.entries(block_types).flatMap(([name, { block }]) => (sensitiveIn(block).length ? [name] : [])),
];

const isSensitive = ({ sensitive, nested_type }: Attribute): boolean =>
  sensitive === true || Object.values(nested_type?.attributes ?? {}).some(isSensitive);
