import * as z from "zod";
import type { AccountAws } from "../account-aws.ts";
import type { Inputs } from "../inputs.ts";
import type { StackResource, SynthesisedStack } from "../synthesised.ts";
import { type Existing, type Finder, Unresolved, type Wanted } from "./finder.ts";
import { finders } from "./finders.ts";

/** A resource of the stack, or one of several that it stands for. */
export interface Instance extends StackResource {
  /** Key of the instance where the resource has `for_each`. */
  readonly key: string | undefined;
  /** Terraform's `each.value`. */
  readonly value: string | undefined;
}

type Each = Pick<Instance, "key" | "value">;

export interface Found {
  readonly instance: Instance;
  readonly finder: Finder;
  readonly existing: Existing | undefined;
  /** The stack's arguments, as far as they are known. */
  readonly wanted: Wanted;
}

const reference = /^(aws_\w+|cloudflare_\w+)\.(\w+)(?:\["([^"]+)"\])?\.(\w+)$/;

/** Looks for the resources of a stack in an account. Each is looked for once. */
export class Search {
  readonly #aws: AccountAws;
  readonly #stack: SynthesisedStack;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #zones: ReadonlyMap<string, string>;
  readonly #found = new Map<string, Promise<Found>>();

  /** @param zones availability zone of each private subnet that exists */
  constructor(aws: AccountAws, stack: SynthesisedStack, inputs: Inputs, zones: ReadonlyMap<string, string>) {
    this.#aws = aws;
    this.#stack = stack;
    this.#variables = { ...stack.defaults, ...inputs.values };
    this.#zones = zones;
  }

  /** Every resource of the stack, one for each key of its `for_each`. */
  instances(): Instance[] {
    return this.#stack.resources.flatMap((resource): Instance[] => {
      const { for_each: each } = resource.config;
      if (each === undefined) return [{ ...resource, key: undefined, value: undefined }];
      return this.#each(String(each)).map(([key, value]) => ({
        ...resource,
        key,
        value,
        address: `${resource.address}[${JSON.stringify(key)}]`,
      }));
    });
  }

  /** Keys and values of a `for_each`: a set of texts, or the first private subnet of each zone. */
  #each(expression: string): [key: string, value: string][] {
    const texts = (variable: string) => z.array(z.string()).catch([]).parse(this.#variables[variable]);
    const [, variable] = /^\$\{toset\(var\.(\w+)\)\}$/.exec(expression) ?? [];
    if (variable !== undefined) return texts(variable).map((text) => [text, text]);
    const first = new Map<string, string>();
    for (const subnet of texts("private_subnet_ids")) {
      const zone = this.#zones.get(subnet);
      if (zone !== undefined && !first.has(zone)) first.set(zone, subnet);
    }
    return expression.includes(".availability_zone") ? [...first] : [];
  }

  /** @returns `undefined` where nothing looks for resources of this type */
  find(instance: Instance): Promise<Found> | undefined {
    const finder = finders[instance.type];
    if (!finder) return undefined;
    let found = this.#found.get(instance.address);
    if (!found) {
      found = this.#look(instance, finder);
      this.#found.set(instance.address, found);
    }
    return found;
  }

  async #look(instance: Instance, finder: Finder): Promise<Found> {
    const config = await this.#resolved(instance);
    const wanted: Wanted = {
      value: (argument) => config[argument],
      text(argument) {
        const value = config[argument];
        if (value === undefined || value === null) throw new Unresolved(argument);
        return String(value);
      },
    };
    try {
      return { instance, finder, wanted, existing: await finder.find(this.#aws, wanted) };
    } catch (error) {
      if (error instanceof Unresolved) return { instance, finder, wanted, existing: undefined };
      throw error;
    }
  }

  async #resolved({ config, key, value: each }: Instance): Promise<Record<string, unknown>> {
    const entries = Object.entries(config).map(async ([name, value]) => [
      name,
      await this.#value(value, { key, value: each }),
    ]);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** A value with its references replaced; `undefined` where one of them is not known. */
  async #value(value: unknown, each: Each): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.#value(item, each)));
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).map(async ([name, inner]) => [
        name,
        await this.#value(inner, each),
      ]);
      return Object.fromEntries(await Promise.all(entries));
    }
    if (typeof value !== "string") return value;
    const [, whole] = /^\$\{([^{}]+)\}$/.exec(value) ?? [];
    if (whole !== undefined) return this.#expression(whole, each);
    let text = "";
    for (const part of value.split(/(?<!\$)(\$\{[^{}]+\})/)) {
      const [, expression] = /^\$\{([^{}]+)\}$/.exec(part) ?? [];
      if (expression === undefined) {
        // What is left of an expression that holds others, such as jsonencode.
        if (/(?<!\$)\$\{/.test(part)) return undefined;
        text += part;
        continue;
      }
      const known = await this.#expression(expression, each);
      if (known === undefined) return undefined;
      text += String(known);
    }
    return text;
  }

  async #expression(expression: string, each: Each): Promise<unknown> {
    if (expression === "each.key") return each.key;
    if (expression === "each.value") return each.value;
    const [, variable] = /^var\.(\w+)$/.exec(expression) ?? [];
    if (variable !== undefined) return this.#variables[variable];
    const [, type, name, index, attribute = ""] = reference.exec(expression) ?? [];
    if (!type || !name) return undefined;
    const instance = this.instances().find(
      (candidate) => candidate.address === `${type}.${name}${index === undefined ? "" : `["${index}"]`}`,
    );
    if (!instance) return undefined;
    const found = await this.find(instance);
    const existing = found?.existing;
    if (existing) {
      const known = existing.attributes[attribute] ?? (attribute === "id" ? existing.id : undefined);
      if (known !== undefined) return known;
    }
    // A name is known before the resource exists.
    return found?.wanted.value(attribute);
  }
}
