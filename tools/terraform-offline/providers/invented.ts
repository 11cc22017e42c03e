// Values that look real and are the same each time.
import { createHash } from "node:crypto";
import { isObject, isUnknown, type Value, type Values } from "../plugin/value.ts";
import type { RunState } from "../run-state.ts";

export const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const LOWER = "abcdefghijklmnopqrstuvwxyz";
export const DIGIT = "0123456789";

/** Whenever something was made. */
export const CREATED = "2025-01-01T00:00:00Z";

function stable(value: Value | undefined): string {
  if (value === null || value === undefined || isUnknown(value)) return "null";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${name}:${stable(value[name])}`).join(",")}}`;
}

export const seedOf = (...parts: readonly Value[]): string => parts.map(stable).join("|");

/** A seed that no other resource of the run has: equal resources get different values. */
export function newSeed(type: string, values: Values, { seeds }: Pick<RunState, "seeds">): string {
  let seed = seedOf(type, values);
  for (let n = 1; seeds.has(seed); n++) seed = seedOf(type, values, n);
  seeds.add(seed);
  return seed;
}

export function bytes(seed: string, length: number): Buffer {
  const hashes = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(`${seed}#${i}`).digest(),
  );
  return Buffer.concat(hashes).subarray(0, length);
}

export const hex = (seed: string, length: number): string =>
  bytes(seed, Math.ceil(length / 2))
    .toString("hex")
    .slice(0, length);

export const number = (seed: string, hexDigits: number): number => Number.parseInt(hex(seed, hexDigits), 16);

export function characters(seed: string, length: number, alphabet: string): string {
  const random = bytes(seed, length * 2);
  return Array.from({ length }, (_, i) => alphabet[random.readUInt16BE(i * 2) % alphabet.length]).join("");
}

export function uuid(seed: string): string {
  const h = hex(seed, 32);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}
