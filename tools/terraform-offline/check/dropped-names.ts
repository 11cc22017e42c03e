import { isJsonObject } from "../json.ts";
import {
  type Attribute,
  type Block,
  loadSchema,
  type ProviderName,
  type ProviderSchema,
  providerNames,
  type Type,
} from "../plugin/schema.ts";
import { mapValues } from "../plugin/value.ts";
import { declarations, jsonFiles } from "./configuration.ts";

/** A walk through what a configuration writes out, with the path to where it is. */
type Walk = (value: unknown, path: string) => string[];

/** Names in an object that its type does not know; Terraform takes `//` for a comment. */
const inAttributes =
  (known: Readonly<Record<string, Attribute>>): Walk =>
  (value, path) => {
    if (Array.isArray(value))
      return value.flatMap((element, i) => inAttributes(known)(element, `${path}[${i}]`));
    return members(value, path).flatMap(([name, member, memberPath]) => {
      if (name === "//") return [];
      const attribute = Object.hasOwn(known, name) ? known[name] : undefined;
      return attribute ? inAttribute(attribute)(member, memberPath) : [memberPath];
    });
  };

const members = (value: unknown, path: string): [name: string, member: unknown, path: string][] =>
  isJsonObject(value) ? Object.entries(value).map(([name, member]) => [name, member, `${path}.${name}`]) : [];

const inAttribute =
  ({ type, nested_type: nested }: Attribute): Walk =>
  (value, path) => {
    if (!nested) return inType(type)(value, path);
    const inner = inAttributes(nested.attributes);
    return nested.nesting_mode === "map"
      ? members(value, path).flatMap(([, member, memberPath]) => inner(member, memberPath))
      : inner(value, path);
  };

const inType =
  (type: Type | undefined): Walk =>
  (value, path) => {
    if (!Array.isArray(type)) return [];
    switch (type[0]) {
      case "object":
        return inAttributes(mapValues(type[1], (member) => ({ type: member })))(value, path);
      case "map":
        return members(value, path).flatMap(([, member, memberPath]) => inType(type[1])(member, memberPath));
      case "tuple":
        return [];
      default:
        return Array.isArray(value)
          ? value.flatMap((element, i) => inType(type[1])(element, `${path}[${i}]`))
          : [];
    }
  };

const inBlock =
  (block: Block): Walk =>
  (value, path) => {
    if (Array.isArray(value)) return value.flatMap((element) => inBlock(block)(element, path));
    return members(value, path).flatMap(([name, member, memberPath]) => {
      const attribute = block.attributes?.[name];
      if (attribute) return inAttribute(attribute)(member, memberPath);
      const nested = block.block_types?.[name];
      return nested ? inBlock(nested.block)(member, memberPath) : [];
    });
  };

const kinds = [
  ["resource", "resource_schemas", ""],
  ["data", "data_source_schemas", "data."],
  ["ephemeral", "ephemeral_resource_schemas", "ephemeral."],
] as const;

/**
 * Terraform drops an unknown name inside an attribute of object type without a word; inside a block it complains. Such
 * names are found here, where a configuration in JSON writes them out.
 */
export function droppedNames(folder: string): string[] {
  const schemas = new Map<ProviderName, ProviderSchema>();
  const schemaOf = (type: string): ProviderSchema | undefined => {
    const provider = providerNames.find((name) => type.split("_")[0] === name);
    if (!provider) return undefined;
    const schema = schemas.get(provider) ?? loadSchema(provider);
    schemas.set(provider, schema);
    return schema;
  };
  return jsonFiles(folder).flatMap(({ document }) =>
    kinds.flatMap(([kind, schemasOfKind, prefix]) =>
      declarations(document, kind).flatMap(({ type, name, body }) => {
        const schema = schemaOf(type)?.[schemasOfKind][type];
        return schema ? inBlock(schema.block)(body, `${prefix}${type}.${name}`) : [];
      }),
    ),
  );
}
