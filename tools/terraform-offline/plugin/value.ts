import { decode, ExtensionCodec, encode } from "@msgpack/msgpack";

/** A value that is known only after apply. Code 12 carries refinements, which have to travel back as they came. */
export class Unknown {
  readonly code: number;
  readonly data: Uint8Array;

  constructor(code = 0, data = new Uint8Array([0])) {
    this.code = code;
    this.data = data;
  }
}

export const UNKNOWN = new Unknown();

/** A Terraform value. Numbers that do not fit a double arrive as strings; bytes are the type of a dynamic value. */
export type Value = null | string | number | boolean | Uint8Array | Unknown | Value[] | Values;

/** The attributes and blocks of a resource, or any other object. */
export interface Values {
  [name: string]: Value;
}

/** A Terraform value as it travels: as msgpack, or as JSON. */
export interface WireValue {
  readonly msgpack?: Uint8Array | undefined;
  readonly json?: Uint8Array | undefined;
}

const codec = new ExtensionCodec();
for (const code of [0, 12])
  codec.register({
    type: code,
    encode: (value) => (value instanceof Unknown && value.code === code ? value.data : null),
    decode: (data) => new Unknown(code, new Uint8Array(data)),
  });

export function fromWire(wire: WireValue | null | undefined): Value {
  // Terraform encodes nothing but its own values.
  if (wire?.msgpack?.length) return decode(wire.msgpack, { extensionCodec: codec }) as Value;
  if (wire?.json?.length) return JSON.parse(Buffer.from(wire.json).toString("utf8"));
  return null;
}

/** A resource, data source or provider block; `null` if there is none. */
export function objectFromWire(wire: WireValue | null | undefined): Values | null {
  const value = fromWire(wire);
  if (value === null || isObject(value)) return value;
  throw new Error("Terraform sent a value that is not an object");
}

export function toWire(value: Value | undefined): WireValue {
  return {
    msgpack: Buffer.from(encode(value ?? null, { extensionCodec: codec, ignoreUndefined: false })),
    json: Buffer.alloc(0),
  };
}

export const isUnknown = (value: Value | undefined): value is Unknown => value instanceof Unknown;

export const isObject = (value: Value | undefined): value is Values =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Unknown);

/** Whether the configuration sets it, be its value known or not. */
export const isSet = (value: Value | undefined): boolean => value !== null && value !== undefined;

export const isKnown = (value: Value | undefined): boolean => isSet(value) && !isUnknown(value);

export const isText = (value: Value | undefined): value is string => typeof value === "string";

/** Text of a known value that is not empty. */
export const textOf = (value: Value | undefined): string | undefined =>
  isKnown(value) && value !== "" ? String(value) : undefined;

export const listOf = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);

/** Blocks of one type. */
export const blocksOf = (value: Value | undefined): Values[] => listOf(value).filter(isObject);

export const mapValues = <From, To>(
  object: Readonly<Record<string, From>> | undefined,
  change: (value: From, name: string) => To,
): Record<string, To> =>
  Object.fromEntries(Object.entries(object ?? {}).map(([name, value]) => [name, change(value, name)]));

/** Whether two values are the same; unknown values never are. */
export function isSame(a: Value | undefined, b: Value | undefined): boolean {
  if (isUnknown(a) || isUnknown(b)) return a === b;
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => isSame(element, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSame(a[name], b[name]));
}

export function hasUnknown(value: Value | undefined): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}
