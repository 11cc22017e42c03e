import type { Attribute, Block, BlockSchema } from "./schema.ts";

/** The numbers of the protocol's enum `NestingMode`. */
const nestingNumbers = { single: 1, list: 2, set: 3, map: 4, group: 5 };

const attributesToWire = (attributes: Record<string, Attribute> = {}): object[] =>
  Object.entries(attributes).map(([name, attribute]) => ({
    name,
    required: attribute.required ?? false,
    optional: attribute.optional ?? false,
    computed: attribute.computed ?? false,
    sensitive: attribute.sensitive ?? false,
    deprecated: attribute.deprecated ?? false,
    write_only: attribute.write_only ?? false,
    ...(attribute.nested_type
      ? {
          nested_type: {
            attributes: attributesToWire(attribute.nested_type.attributes),
            nesting: nestingNumbers[attribute.nested_type.nesting_mode],
          },
        }
      : { type: Buffer.from(JSON.stringify(attribute.type)) }),
  }));

const blockToWire = (block: Block): object => ({
  attributes: attributesToWire(block.attributes),
  block_types: Object.entries(block.block_types ?? {}).map(([name, nested]) => ({
    type_name: name,
    block: blockToWire(nested.block),
    nesting: nestingNumbers[nested.nesting_mode],
    min_items: nested.min_items ?? 0,
    max_items: nested.max_items ?? 0,
  })),
});

/** A schema as the protocol's message `Schema`. */
export const schemaToWire = ({ version, block }: BlockSchema): object => ({
  version,
  block: blockToWire(block),
});
