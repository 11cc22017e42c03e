import { textOf, type Value, type Values } from "../../plugin/value.ts";
import { characters, DIGIT, hex, LOWER, newSeed, number, UPPER, uuid } from "../invented.ts";
import type { Context } from "../provider.ts";

export const ACCOUNT = "123456789012";

export const regionOf = (values: Values, { providerConfig }: Pick<Context, "providerConfig">): string =>
  textOf(values.region) ??
  textOf(providerConfig?.region) ??
  process.env["AWS_REGION"] ??
  process.env["AWS_DEFAULT_REGION"] ??
  "us-east-1";

/** The last part of an ARN or path. */
export const lastPart = (value: Value | undefined): string =>
  String(value ?? "")
    .split(/[/:]/)
    .at(-1) ?? "";

/** Ids, ARNs and names for one resource: they look real, and are the same each time. */
export class Ids {
  readonly region: string;
  readonly seed: string;
  private readonly values: Values;

  constructor(type: string, values: Values, context: Context) {
    this.values = values;
    this.region = regionOf(values, context);
    this.seed = newSeed(type, values, context.run);
  }

  /** @param salt tells several values of one resource apart. @default - none */
  hex(length: number, salt = ""): string {
    return hex(this.seed + salt, length);
  }

  number(hexDigits: number): number {
    return number(this.seed, hexDigits);
  }

  uuid(salt = ""): string {
    return uuid(this.seed + salt);
  }

  upper(length: number): string {
    return characters(this.seed, length, UPPER + DIGIT);
  }

  lower(length: number, salt = ""): string {
    return characters(this.seed + salt, length, LOWER + DIGIT);
  }

  mixed(length: number): string {
    return characters(this.seed, length, UPPER + LOWER + DIGIT);
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${ACCOUNT}:${resource}`;
  }

  /** The ARN of what belongs to no region. */
  globalArn(service: string, resource: string): string {
    return `arn:aws:${service}::${ACCOUNT}:${resource}`;
  }

  /** The name, or one with the prefix that is set. */
  name(): string {
    return textOf(this.values.name) ?? this.prefixed("name_prefix", `20250101000000${this.hex(12, "name")}`);
  }

  prefixed(prefix: string, rest: string): string {
    return `${textOf(this.values[prefix]) ?? "terraform-"}${rest}`;
  }
}
