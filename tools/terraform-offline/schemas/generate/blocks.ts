import type { Attribute, Block, NestedBlock } from "../../plugin/schema.ts";
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
