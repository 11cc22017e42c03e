import { randomBytes } from "node:crypto";
import { Diagnostic } from "../plugin/diagnostic.ts";
import { isKnown, isSet, listOf, type Value, type Values } from "../plugin/value.ts";
import { bytes, characters, DIGIT, hex, LOWER, newSeed, number, UPPER, uuid } from "./invented.ts";
import { type Check, type Computed, computedFrom, type Provider, settable } from "./provider.ts";

const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";
const adjectives = ["brave", "calm", "eager", "fair", "glad", "kind", "lucky", "proud"];
const animals = ["otter", "heron", "lynx", "finch"];
const characterSets = ["lower", "upper", "numeric", "special"] as const;

const stringDefaults: Values = {
  lower: true,
  upper: true,
  numeric: true,
  number: true,
  special: true,
  min_lower: 0,
  min_upper: 0,
  min_numeric: 0,
  min_special: 0,
};

const allDefaults: Readonly<Record<string, Values>> = {
  random_password: stringDefaults,
  random_string: stringDefaults,
  random_pet: { length: 2, separator: "-" },
};

const numberOr = (value: Value | undefined, otherwise: number) =>
  isKnown(value) ? Number(value) : otherwise;

/** `elements` in an order that the seed decides. */
function shuffled<T>(elements: readonly T[], order: (i: number) => number): T[] {
  return elements
    .map((element, i) => ({ element, rank: order(i) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ element }) => element);
}

function password(values: Values, seed: string): string {
  const length = Number(values.length);
  const special = values.override_special;
  const sets = {
    lower: LOWER,
    upper: UPPER,
    numeric: DIGIT,
    special: isKnown(special) && special !== "" ? String(special) : SPECIAL,
  };
  const isOn = (name: string) => values[name] !== false && !(name === "numeric" && values.number === false);
  const all = characterSets
    .filter(isOn)
    .map((name) => sets[name])
    .join("");
  if (!all)
    throw new Diagnostic("no characters are allowed: upper, lower, numeric and special are all false");
  const required = characterSets
    .map((name) => characters(seed + name, Math.max(0, numberOr(values[`min_${name}`], 0)), sets[name]))
    .join("");
  const text = required + characters(`${seed}rest`, Math.max(0, length - required.length), all);
  const order = bytes(`${seed}order`, text.length * 2);
  return shuffled([...text], (i) => order.readUInt16BE(i * 2))
    .join("")
    .slice(0, length);
}

/** It has the form of a bcrypt hash and is none. */
const bcryptHash = (seed: string) => `$2a$10$${characters(`${seed}b`, 53, `${UPPER}${LOWER}${DIGIT}./`)}`;

/** The computed values of each resource type. */
const computedValues: Readonly<Record<string, (planned: Values, seed: string) => Computed>> = {
  random_password: (planned, seed) => ({
    id: "none",
    result: password(planned, seed),
    bcrypt_hash: bcryptHash(seed),
  }),
  random_string(planned, seed) {
    const result = password(planned, seed);
    return { id: result, result };
  },
  random_id({ prefix, byte_length }, seed) {
    const id = bytes(seed, Number(byte_length));
    const before = isKnown(prefix) ? String(prefix) : "";
    const url = id.toString("base64url");
    return {
      id: url,
      hex: before + id.toString("hex"),
      dec: before + BigInt(`0x${id.toString("hex") || "0"}`).toString(),
      b64_std: before + id.toString("base64"),
      b64_url: before + url,
    };
  },
  random_bytes({ length }, seed) {
    const value = bytes(seed, Number(length));
    return { base64: value.toString("base64"), hex: value.toString("hex") };
  },
  random_uuid(_planned, seed) {
    const result = uuid(seed);
    return { id: result, result };
  },
  random_integer({ min, max }, seed) {
    const result = Number(min) + (number(seed, 8) % (Number(max) - Number(min) + 1));
    return { id: String(result), result };
  },
  random_pet({ prefix, length, separator }, seed) {
    const choices = bytes(seed, Math.max(0, numberOr(length, 2) - 1));
    const words = [
      ...(isKnown(prefix) ? [String(prefix)] : []),
      ...[...choices].map((byte) => adjectives[byte % adjectives.length]),
      animals[bytes(seed, 1).readUInt8() % animals.length],
    ];
    return { id: words.join(isKnown(separator) ? String(separator) : "-") };
  },
  random_shuffle({ input, result_count }, seed) {
    const elements = listOf(input);
    const order = bytes(seed, elements.length + 1);
    const result = shuffled(elements, (i) => order.readUInt8(i));
    return { id: "-", result: isKnown(result_count) ? result.slice(0, Number(result_count)) : result };
  },
};

const check: Check = (type, config) => {
  const { length } = config;
  if (allDefaults[type] !== stringDefaults || !isKnown(length)) return [];
  const required = characterSets.reduce((sum, name) => sum + numberOr(config[`min_${name}`], 0), 0);
  const found: string[] = [];
  if (Number(length) < 1) found.push("length must be at least 1");
  if (required > Number(length))
    found.push(
      `length (${length}) must be at least min_upper + min_lower + min_numeric + min_special (${required})`,
    );
  return found.map((summary) => new Diagnostic(summary, "", ["length"]));
};

/** `number` is the old name of `numeric`: each follows the other. */
const twins: Readonly<Record<string, string>> = { number: "numeric", numeric: "number" };

export const random: Provider = {
  checkResource: check,
  checkEphemeral: check,
  replacedBy: (_type, block) => settable(block),
  plan(type, { config, prior, proposed }) {
    if (prior) return proposed;
    const defaults = Object.entries(allDefaults[type] ?? {})
      .filter(([name]) => name in proposed && !isSet(config[name]))
      .map(([name, value]) => {
        const twin = config[twins[name] ?? ""];
        return [name, twin !== undefined && isKnown(twin) ? twin : value];
      });
    return { ...proposed, ...Object.fromEntries(defaults) };
  },
  computed(type, { planned }, { run }) {
    const seed = newSeed(type, planned, run);
    return computedFrom(computedValues[type]?.(planned, seed) ?? { id: hex(seed, 16) });
  },
  dataSource: () => computedFrom({}),
  /** Really random, and new at every opening, as with the real provider. */
  open(_type, config) {
    const given = Object.fromEntries(Object.entries(config).filter(([, value]) => isKnown(value)));
    const values = { ...stringDefaults, ...given };
    const seed = randomBytes(32).toString("hex");
    return { ...values, result: password(values, seed), bcrypt_hash: bcryptHash(seed) };
  },
};
