import type { Aws } from "../aws.ts";
import type { Inputs } from "../inputs.ts";
import type { StackResource, SynthesisedStack } from "../synthesised.ts";
import { type Existing, type Finder, Unresolved, type Wanted } from "./finder.ts";
import { finders } from "./finders.ts";

/** A resource of the stack, or one of several that it stands for. */
export interface Instance extends StackResource {
  /** Key of the instance where the resource has `for_each`. */
  readonly key: string | undefined;
}

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
  readonly #aws: Aws;
  readonly #stack: SynthesisedStack;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #found = new Map<string, Promise<Found>>();

  constructor(aws: Aws, stack: SynthesisedStack, inputs: Inputs) {
    this.#aws = aws;
    this.#stack = stack;
    this.#variables = { ...stack.defaults, ...inputs.values };
  }

  /** Every resource of the stack, one for each key of its `for_each`. */
  instances(): Instance[] {
    return this.#stack.resources.flatMap((resource): Instance[] => {
      const { for_each: each } = resource.config;
      if (each === undefined) return [{ ...resource, key: undefined }];
      const [, variable = ""] = /^\$\{toset\(var\.(\w+)\)\}$/.exec(String(each)) ?? [];
      const keys = this.#variables[variable];
      return (Array.isArray(keys) ? keys : []).map((key: unknown) => ({
        ...resource,
        key: String(key),
        address: `${resource.address}[${JSON.stringify(key)}]`,
      }));
    });
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

  async #resolved({ config, key }: Instance): Promise<Record<string, unknown>> {
    const entries = Object.entries(config).map(async ([name, value]) => [
      name,
      await this.#value(value, key),
    ]);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** A value with its references replaced; `undefined` where one of them is not known. */
  async #value(value: unknown, key: string | undefined): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.#value(item, key)));
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).map(async ([name, inner]) => [
        name,
        await this.#value(inner, key),
      ]);
      return Object.fromEntries(await Promise.all(entries));
    }
    if (typeof value !== "string") return value;
    const [, whole] = /^\$\{([^{}]+)\}$/.exec(value) ?? [];
    if (whole !== undefined) return this.#expression(whole, key);
    let text = "";
    for (const part of value.split(/(?<!\$)(\$\{[^{}]+\})/)) {
      const [, expression] = /^\$\{([^{}]+)\}$/.exec(part) ?? [];
      if (expression === undefined) {
        // What is left of an expression that holds others, such as jsonencode.
        if (/(?<!\$)\$\{/.test(part)) return undefined;
        text += part;
        continue;
      }
      const known = await this.#expression(expression, key);
      if (known === undefined) return undefined;
      text += String(known);
    }
    return text;
  }

  async #expression(expression: string, key: string | undefined): Promise<unknown> {
    if (expression === "each.value" || expression === "each.key") return key;
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
