import type { Attribute, Block, BlockSchema, NestedBlock, Type } from "../../plugin/schema.ts";
import { mapValues } from "../../plugin/value.ts";

const flagNames = ["required", "optional", "computed", "sensitive", "deprecated", "write_only"] as const;

function trimAttribute(attribute: Attribute): Attribute {
  const { type, nested_type: nested } = attribute;
  return {
    ...(type === undefined ? {} : { type }),
    ...(nested
      ? {
          nested_type: {
            nesting_mode: nested.nesting_mode,
            attributes: mapValues(nested.attributes, trimAttribute),
          },
        }
      : {}),
    ...Object.fromEntries(flagNames.filter((flag) => attribute[flag]).map((flag) => [flag, true])),
  };
}

const trimNested = ({ nesting_mode, block, min_items, max_items }: NestedBlock): NestedBlock => ({
  nesting_mode,
  block: trimBlock(block),
  ...(min_items ? { min_items } : {}),
  ...(max_items ? { max_items } : {}),
});

/** The block without descriptions and whatever else Terraform's protocol does not need. */
export function trimBlock({ attributes, block_types: blocks }: Block): Block {
  return {
    attributes: mapValues(attributes, trimAttribute),
    ...(blocks && Object.keys(blocks).length ? { block_types: mapValues(blocks, trimNested) } : {}),
  };
}

/**
 * Adds to a block what a newer version of the provider has.
 * @returns the path of each addition
 */
export function addMissing(block: Block, newer: Block, path: string): string[] {
  const added: string[] = [];
  for (const [name, attribute] of Object.entries(newer.attributes ?? {})) {
    if (block.attributes?.[name] || block.block_types?.[name]) continue;
    block.attributes = { ...block.attributes, [name]: attribute };
    added.push(`${path}.${name}`);
  }
  for (const [name, nested] of Object.entries(newer.block_types ?? {})) {
    const own = block.block_types?.[name];
    if (own) added.push(...addMissing(own.block, nested.block, `${path}.${name}`));
    else if (!block.attributes?.[name]) {
      block.block_types = { ...block.block_types, [name]: nested };
      added.push(`${path}.${name}{}`);
    }
  }
  return added;
}

const attributeLine = /^(\w+) = (.+?) \(([^)]*)\)/;
const blockLine = /^(\w+) block "(\w+)" \((\w+)\) \{$/;

/** Reads the outline of a schema in the syntax of HCL, which is at hand where the JSON is not. */
export function schemaFromOutline(text: string): BlockSchema {
  const root: Block = { attributes: {}, block_types: {} };
  const open: Block[] = [];
  for (const line of text.split("\n").map((line) => line.trim())) {
    const block = open.at(-1);
    const [, blockName, nesting, presence] = blockLine.exec(line) ?? [];
    const [, name, type, flags] = attributeLine.exec(line) ?? [];
    if (line === "") continue;
    if (/^(resource|data) ".*" \{$/.test(line)) open.push(root);
    else if (line === "}") open.pop();
    else if (block?.block_types && blockName !== undefined) {
      const inner: Block = { attributes: {}, block_types: {} };
      block.block_types[blockName] = {
        nesting_mode: nesting as NestedBlock["nesting_mode"],
        block: inner,
        ...(presence === "Required" ? { min_items: 1 } : {}),
      };
      open.push(inner);
    } else if (block?.attributes && name !== undefined && type !== undefined) {
      const declared = type.startsWith("[") ? JSON.parse(type.replaceAll("'", '"')) : type;
      block.attributes[name] = {
        type: declared as Type,
        ...Object.fromEntries((flags ?? "").split(/,\s*/).map((flag) => [flag.toLowerCase(), true])),
      };
    } else throw new Error(`line of the outline not understood: ${line}`);
  }
  return { version: 0, block: root };
}
