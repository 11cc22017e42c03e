// Reads a type's schema from the package that CDKTF generates for its provider: each generated class notes for every
// attribute whether it is computed, optional or required, and its type.
import { readFileSync } from "node:fs";
import type { Attribute, Block, NestedBlock, Nesting, Type } from "../../plugin/schema.ts";

/** Whether nested objects are attributes (protocol 6) or blocks (protocol 5). */
export type Nested = "attributes" | "blocks";

/** An attribute or block of a generated class. */
interface Member {
  readonly name: string;
  readonly computed: boolean;
  readonly optional: boolean;
  readonly required: boolean;
  /** The class of what it holds, if that is no plain value. */
  readonly className: string | undefined;
  /** Whether a collection is a set. */
  readonly isSet: boolean;
  /** What its getter returns. */
  readonly getter: string;
  /** The declared type of its field. */
  readonly declared: string;
}

interface GeneratedClass {
  readonly base: string;
  readonly body: string;
}

type Classes = ReadonlyMap<string, GeneratedClass>;

/** The TypeScript that a generated module was compiled from, which its source map holds. */
function sourceOf(file: string): string {
  const compiled = readFileSync(file, "utf8");
  const map = compiled.slice(compiled.lastIndexOf("base64,") + "base64,".length).trim();
  return JSON.parse(Buffer.from(map, "base64").toString("utf8")).sourcesContent[0];
}

/** Cuts a text at each match; what is before the first one is left out. */
function sections(text: string, pattern: RegExp): { match: RegExpExecArray; text: string }[] {
  const matches = [...text.matchAll(pattern)];
  return matches.map((match, i) => ({ match, text: text.slice(match.index, matches[i + 1]?.index) }));
}

const membersOf = (body: string): Member[] =>
  sections(
    body,
    /^ {2}\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$/gm,
  ).map(({ match: [, name = "", computed, optional, required], text }) => {
    const constructed = /= new ([\w.]+)\(this, "[^"]*"(?:, (true|false))?\)/.exec(text);
    return {
      name,
      computed: computed === "true",
      optional: optional === "true",
      required: required === "true",
      className: constructed?.[1],
      isSet: constructed?.[2] === "true",
      getter: /return (.*?);/.exec(text)?.[1] ?? "",
      declared: /private _\w+\?: ([^;]+);/.exec(text)?.[1] ?? "",
    };
  });

const classesOf = (source: string): Classes =>
  new Map(
    sections(source, /^export class (\w+) extends cdktf\.(\w+) \{$/gm).map(
      ({ match: [, name = "", base = ""], text }) => [name, { base, body: text }],
    ),
  );

/** The type of a plain value by its getter; the longer names stand first, since they contain the shorter ones. */
const getterTypes: readonly [getter: string, type: (collection: "list" | "set") => Type][] = [
  ["getStringAttribute", () => "string"],
  ["getNumberAttribute", () => "number"],
  ["getBooleanAttribute", () => "bool"],
  ["getNumberListAttribute", (collection) => [collection, "number"]],
  ["getListAttribute", (collection) => [collection, "string"]],
  ["getStringMapAttribute", () => ["map", "string"]],
  ["getNumberMapAttribute", () => ["map", "number"]],
  ["getBooleanMapAttribute", () => ["map", "bool"]],
  ["getAnyMapAttribute", () => "dynamic"],
];

/** Arguments of a provider block have no getter of a Terraform type, only a declaration. */
const declaredTypes: Readonly<Record<string, Type>> = {
  string: "string",
  number: "number",
  boolean: "bool",
  "string[]": ["list", "string"],
  "{ [key: string]: string }": ["map", "string"],
};

function plainType({ getter, declared }: Member): Type | undefined {
  const collection = getter.includes("Fn.tolist(") ? "set" : "list";
  const known = getterTypes.find(([name]) => getter.includes(name));
  if (known) return known[1](collection);
  if (getter.includes("interpolationForAttribute"))
    return /IResolvable\[\]|\[\]\[\]/.test(declared) ? [collection, "string"] : "dynamic";
  return declaredTypes[declared.replaceAll("| cdktf.IResolvable", "").trim()];
}

/** The type of what CDKTF's own classes hold. */
function builtinType({ className, isSet }: Member): Type | undefined {
  const collection = isSet ? "set" : "list";
  const types: Readonly<Record<string, Type>> = {
    "cdktf.StringMap": ["map", "string"],
    "cdktf.NumberMap": ["map", "number"],
    "cdktf.BooleanMap": ["map", "bool"],
    "cdktf.AnyMap": "dynamic",
    "cdktf.StringMapList": [collection, ["map", "string"]],
    "cdktf.NumberMapList": [collection, ["map", "number"]],
    "cdktf.BooleanMapList": [collection, ["map", "bool"]],
    "cdktf.StringListMap": ["map", ["list", "string"]],
    "cdktf.NumberListMap": ["map", ["list", "number"]],
    "cdktf.StringListList": [collection, ["list", "string"]],
    "cdktf.NumberListList": [collection, ["list", "number"]],
  };
  return types[className ?? ""];
}

function flagsOf({ required, optional, computed }: Member): Attribute {
  if (required) return { required };
  if (!optional && !computed) return { optional: true };
  return { ...(optional ? { optional } : {}), ...(computed ? { computed } : {}) };
}

interface Structure {
  readonly nesting: Exclude<Nesting, "group">;
  readonly body: string;
}

/** How often the objects of a member occur, and the class of one. */
function structureOf({ className = "", isSet }: Member, classes: Classes): Structure {
  const inner = classes.get(`${className.replace(/(OutputReference|List|Map)$/, "")}OutputReference`);
  if (!inner) throw new Error(`no class for ${className}`);
  const { body } = inner;
  const base = classes.get(className)?.base;
  if (base === "ComplexList") return { nesting: isSet ? "set" : "list", body };
  return { nesting: base === "ComplexMap" ? "map" : "single", body };
}

const collected = (nesting: Structure["nesting"], type: Type): Type =>
  nesting === "single" ? type : [nesting, type];

function objectType(body: string, classes: Classes): Type {
  const types = membersOf(body).map((member): [string, Type] => {
    if (member.className === undefined) return [member.name, plainType(member) ?? "string"];
    const builtin = builtinType(member);
    if (builtin) return [member.name, builtin];
    const structure = structureOf(member, classes);
    return [member.name, collected(structure.nesting, objectType(structure.body, classes))];
  });
  return ["object", Object.fromEntries(types)];
}

/** An attribute, for what is no block. */
function attributeOf(member: Member, classes: Classes, nested: Nested): Attribute | undefined {
  const type = member.className === undefined ? plainType(member) : builtinType(member);
  if (type) return { type, ...flagsOf(member) };
  if (member.className === undefined) return undefined;
  const { nesting, body } = structureOf(member, classes);
  if (nested === "attributes") {
    const { attributes = {} } = blockOf(body, classes, nested);
    return { nested_type: { nesting_mode: nesting, attributes }, ...flagsOf(member) };
  }
  const isArgument = member.optional || member.required;
  return member.computed && !isArgument
    ? { type: collected(nesting, objectType(body, classes)), computed: true }
    : undefined;
}

function nestedBlockOf(member: Member, classes: Classes): NestedBlock {
  const { nesting, body } = structureOf(member, classes);
  const block = blockOf(body, classes, "blocks");
  if (member.name === "timeouts") return { nesting_mode: "single", block };
  // The bindings show a list of at most one block as a single one.
  return {
    nesting_mode: nesting === "single" ? "list" : nesting,
    block,
    ...(nesting === "single" ? { max_items: 1 } : {}),
    ...(member.required ? { min_items: 1 } : {}),
  };
}

function blockOf(body: string, classes: Classes, nested: Nested): Block {
  const attributes: Record<string, Attribute> = {};
  const blocks: Record<string, NestedBlock> = {};
  for (const member of membersOf(body)) {
    const attribute = attributeOf(member, classes, nested);
    if (attribute) attributes[member.name] = attribute;
    else if (member.className !== undefined) blocks[member.name] = nestedBlockOf(member, classes);
  }
  return { attributes, ...(Object.keys(blocks).length ? { block_types: blocks } : {}) };
}

/** The block of the type that a generated module is for. */
export function blockFromBindings(file: string, nested: Nested): Block {
  const classes = classesOf(sourceOf(file));
  const main = [...classes.values()].find(({ base }) =>
    /^Terraform(Resource|DataSource|Provider)$/.test(base),
  );
  if (!main) throw new Error(`${file} has no class of a resource, data source or provider`);
  return blockOf(main.body, classes, nested);
}
