// JSON Patch, RFC 6902.
import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject } from "../json.ts";

const quoted = (json: unknown) => JSON.stringify(json);

function stepsOf(pointer: unknown): string[] {
  if (typeof pointer !== "string" || (pointer !== "" && !pointer.startsWith("/")))
    throw new Error(`${quoted(pointer)} is not a JSON pointer; it begins with "/"`);
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const isIndex = (key: string, last: number) => /^(0|[1-9]\d*)$/.test(key) && Number(key) <= last;

function child(node: unknown, key: string, pointer: string): unknown {
  if (Array.isArray(node) && isIndex(key, node.length - 1)) return node[Number(key)];
  if (isJsonObject(node) && Object.hasOwn(node, key)) return node[key];
  throw new Error(`${pointer}: there is no ${quoted(key)} to be found`);
}

const get = (document: unknown, pointer: string): unknown =>
  stepsOf(pointer).reduce((node, key) => child(node, key, pointer), document);

interface Place {
  readonly parent: unknown;
  readonly key: string;
}

function placeOf(document: unknown, pointer: string): Place {
  const steps = stepsOf(pointer);
  const key = steps.pop() ?? "";
  return { parent: steps.reduce((node, step) => child(node, step, pointer), document), key };
}

function add(document: unknown, pointer: string, value: unknown): unknown {
  if (pointer === "") return value;
  const { parent, key } = placeOf(document, pointer);
  if (Array.isArray(parent)) {
    if (key !== "-" && !isIndex(key, parent.length))
      throw new Error(`${pointer}: ${quoted(key)} is no place in a list of ${parent.length}`);
    parent.splice(key === "-" ? parent.length : Number(key), 0, value);
  } else if (isJsonObject(parent)) setMember(parent, key, value);
  else throw new Error(`${pointer}: its parent is neither an object nor a list`);
  return document;
}

/** Sets a member of any name, `__proto__` too. */
const setMember = (object: JsonObject, key: string, value: unknown) =>
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });

function remove(document: unknown, pointer: string): unknown {
  const { parent, key } = placeOf(document, pointer);
  child(parent, key, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isJsonObject(parent)) delete parent[key];
  return document;
}

function replace(document: unknown, pointer: string, value: unknown): unknown {
  get(document, pointer);
  if (pointer === "") return value;
  const { parent } = placeOf(document, pointer);
  return add(Array.isArray(parent) ? remove(document, pointer) : document, pointer, value);
}

function move(document: unknown, from: string, path: string): unknown {
  if (path === from) {
    get(document, from);
    return document;
  }
  if (`${path}/`.startsWith(`${from}/`)) throw new Error(`move ${from}: it cannot go into itself`);
  const value = get(document, from);
  return add(remove(document, from), path, value);
}

function apply(document: unknown, operation: unknown): unknown {
  const { op, path, from, value } = isJsonObject(operation) ? operation : {};
  const pointer = String(path);
  const given = () => {
    if (!isJsonObject(operation) || !Object.hasOwn(operation, "value"))
      throw new Error(`${op} ${path}: there is no value`);
    return structuredClone(value);
  };
  switch (op) {
    case "add":
      return add(document, pointer, given());
    case "remove":
      return remove(document, pointer);
    case "replace":
      return replace(document, pointer, given());
    case "move":
      return move(document, String(from), pointer);
    case "copy":
      return add(document, pointer, structuredClone(get(document, String(from))));
    case "test":
      if (!isDeepStrictEqual(get(document, pointer), given()))
        throw new Error(`test ${pointer}: the value is another`);
      return document;
    default:
      throw new Error(`${quoted(op)} is not an operation of a JSON patch`);
  }
}

/** The document after the operations, in order. The given one stays as it is. */
export function applyPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new Error("a JSON patch is a list of operations");
  return operations.reduce(apply, structuredClone(document));
}
