import type { Attribute, Block, Nesting, Type } from "./schema.ts";
import { isObject, isUnknown, listOf, mapValues, UNKNOWN, type Value } from "./value.ts";

/**
 * Gives the value of a computed attribute.
 * @param type none for an attribute that has attributes of its own
 * @param depth 0 for an attribute of the resource itself
 */
export type ComputedValue = (name: string, type: Type | undefined, depth: number) => Value | undefined;

/** Blocks of these modes are one object or none; the others are collections. */
const isSingle = (mode: Nesting) => mode === "single" || mode === "group";

const isList = (mode: Nesting) => mode === "list" || mode === "set";

const each = (value: Value, change: (element: Value) => Value): Value => {
  if (Array.isArray(value)) return value.map(change);
  return isObject(value) ? mapValues(value, change) : {};
};

const noBlock = (mode: Nesting): Value => {
  if (isList(mode)) return [];
  return mode === "map" ? {} : null;
};

/** `value` with every attribute and block of the schema, as the protocol demands, and with no other. */
export function conform(block: Block, value: Value | undefined): Value {
  if (value === null || value === undefined) return null;
  if (isUnknown(value)) return value;
  const given = isObject(value) ? value : {};
  return {
    ...mapValues(block.attributes, (attribute, name) => conformAttribute(attribute, given[name])),
    ...mapValues(block.block_types, ({ nesting_mode: mode, block: nested }, name) => {
      const inner = given[name];
      if (isUnknown(inner)) return inner;
      if (isSingle(mode)) return conform(nested, inner);
      return each(inner ?? noBlock(mode), (element) => conform(nested, element));
    }),
  };
}

function conformAttribute({ type, nested_type: nested }: Attribute, value: Value | undefined): Value {
  if (!nested) return conformType(type, value);
  if (value === undefined || value === null) return null;
  if (isUnknown(value)) return value;
  const block = { attributes: nested.attributes };
  return nested.nesting_mode === "single"
    ? conform(block, value)
    : each(value, (element) => conform(block, element));
}

function conformType(type: Type | undefined, value: Value | undefined): Value {
  if (value === undefined || value === null) return null;
  if (isUnknown(value)) return value;
  if (type === "dynamic") return dynamic(value);
  if (!Array.isArray(type)) return value;
  switch (type[0]) {
    case "map":
      return each(value, (element) => conformType(type[1], element));
    case "object":
      return mapValues(type[1], (inner, name) => conformType(inner, isObject(value) ? value[name] : null));
    case "tuple":
      return listOf(value).map((element, i) => conformType(type[1][i], element));
    default:
      return listOf(value).map((element) => conformType(type[1], element));
  }
}

/** A value of dynamic type travels as a pair: its type in JSON, and the value. */
function dynamic(value: Exclude<Value, null>): Value {
  if (Array.isArray(value) && value.length === 2 && value[0] instanceof Uint8Array) return value;
  if (isObject(value) && "type" in value && "value" in value)
    return [Buffer.from(JSON.stringify(value.type)), value.value ?? null];
  return [Buffer.from(JSON.stringify(typeOfScalar(value))), value];
}

function typeOfScalar(value: Value): Type {
  if (typeof value === "number") return "number";
  return typeof value === "boolean" ? "bool" : "string";
}

/**
 * The planned value: what was proposed, unknown for each computed attribute that has no value yet, and nothing of
 * write-only arguments.
 */
export function planBlock(block: Block, value: Value): Value {
  if (!isObject(value)) return value;
  return {
    ...mapValues(block.attributes, (attribute, name) => planAttribute(attribute, value[name] ?? null)),
    ...mapValues(block.block_types, ({ nesting_mode: mode, block: nested }, name) => {
      const inner = value[name];
      if (inner === null || inner === undefined) return isList(mode) ? [] : null;
      if (isUnknown(inner)) return inner;
      return isSingle(mode) ? planBlock(nested, inner) : each(inner, (element) => planBlock(nested, element));
    }),
  };
}

function planAttribute({ write_only, computed, nested_type: nested }: Attribute, value: Value): Value {
  if (write_only) return null;
  if (value === null) return computed ? UNKNOWN : null;
  if (!nested || isUnknown(value)) return value;
  const block = { attributes: nested.attributes };
  return nested.nesting_mode === "single"
    ? planBlock(block, value)
    : each(value, (element) => planBlock(block, element));
}

/** The value after apply, when nothing may be unknown. */
export function fillBlock(block: Block, value: Value, computed: ComputedValue, depth = 0): Value {
  if (!isObject(value)) return null;
  return {
    ...mapValues(block.attributes, (attribute, name) =>
      fillAttribute(attribute, value[name] ?? null, computed, name, depth),
    ),
    ...mapValues(block.block_types, ({ nesting_mode: mode, block: nested }, name) => {
      const inner = value[name] ?? null;
      if (inner === null || isUnknown(inner)) return noBlock(mode);
      if (isSingle(mode)) return fillBlock(nested, inner, computed, depth + 1);
      return each(inner, (element) => fillBlock(nested, element, computed, depth + 1));
    }),
  };
}

function fillAttribute(
  attribute: Attribute,
  value: Value,
  computed: ComputedValue,
  name: string,
  depth: number,
): Value {
  if (attribute.write_only) return null;
  const { type, nested_type: nested } = attribute;
  if (!nested)
    return isUnknown(value)
      ? conformType(type, computed(name, type, depth) ?? emptyOf(type))
      : fillType(type, value, computed, name, depth);
  if (value === null) return null;
  const block = { attributes: nested.attributes };
  const single = nested.nesting_mode === "single";
  if (!isUnknown(value))
    return single
      ? fillBlock(block, value, computed, depth + 1)
      : each(value, (element) => fillBlock(block, element, computed, depth + 1));
  const given = depth === 0 ? computed(name, undefined, depth) : undefined;
  if (given !== undefined)
    return single ? conform(block, given) : each(given, (element) => conform(block, element));
  if (!single) return nested.nesting_mode === "map" ? {} : [];
  return attribute.computed && !attribute.optional
    ? fillBlock(
        block,
        mapValues(block.attributes, () => UNKNOWN),
        computed,
        depth + 1,
      )
    : null;
}

function fillType(
  type: Type | undefined,
  value: Value,
  computed: ComputedValue,
  name: string,
  depth: number,
): Value {
  if (isUnknown(value)) return conformType(type, computed(name, type, depth + 1) ?? emptyOf(type));
  if (value === null || !Array.isArray(type)) return value;
  switch (type[0]) {
    case "map":
      return each(value, (element) => fillType(type[1], element, computed, name, depth));
    case "object":
      return isObject(value)
        ? mapValues(value, (element, inner) => fillType(type[1][inner], element, computed, inner, depth))
        : value;
    case "tuple":
      return value;
    default:
      return listOf(value).map((element) => fillType(type[1], element, computed, name, depth));
  }
}

function emptyOf(type: Type | undefined): Value {
  if (type === "string") return "";
  if (type === "number") return 0;
  if (type === "bool") return false;
  if (!Array.isArray(type) || type[0] === "tuple") return null;
  if (type[0] === "map") return {};
  return type[0] === "object" ? mapValues(type[1], emptyOf) : [];
}
