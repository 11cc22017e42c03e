import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  App,
  DefaultTokenResolver,
  StringConcat,
  TerraformResource,
  type TerraformStack,
  Tokenization,
} from "cdktf";
import { development } from "../../environments/development.ts";
import type { ImportedResource } from "../../environments/imports.ts";
import {
  type Environment,
  type EnvironmentData,
  EnvironmentError,
  parseEnvironment,
} from "../../environments/schema.ts";
import { ChatStack } from "./chat-stack.ts";

type Body = Readonly<Record<string, unknown>>;
type Kind = "resource" | "data" | "variable" | "output" | "ephemeral" | "terraform" | "provider";

/** Development with some of its settings replaced. */
export const environment = (changes: Partial<EnvironmentData> = {}): EnvironmentData => ({
  ...development,
  ...changes,
});

type StackJson = Readonly<Partial<Record<Kind, Readonly<Record<string, Readonly<Record<string, Body>>>>>>> & {
  readonly import?: readonly Body[];
};

function withoutMetadata<T>(json: unknown): T {
  return JSON.parse(JSON.stringify(json, (key, value) => (key === "//" ? undefined : value)));
}

/** A synthesised stack. */
export class StackTemplate<Stack extends TerraformStack> {
  readonly stack: Stack;
  #json: StackJson | undefined;
  readonly #resources = new Map<string, Readonly<Record<string, Body>>>();

  constructor(data: EnvironmentData, make: (app: App, environment: Environment) => Stack) {
    const parsed = parseEnvironment(data);
    if ("problems" in parsed) throw new EnvironmentError(parsed.problems);
    const app = new App({ outdir: mkdtempSync(path.join(tmpdir(), "phenom-chat-")), stackTraces: false });
    const stack = make(app, parsed.environment);
    this.stack = stack;
    const refused = stack.node.findAll().flatMap((construct) => construct.node.validate());
    if (refused.length) throw new Error(refused.join("\n"));
  }

  /** What Terraform reads, without CDKTF's metadata. */
  get json(): StackJson {
    this.#json ??= withoutMetadata<StackJson>(this.stack.toTerraform());
    return this.#json;
  }

  /** Resolves a construct's `value` to what Terraform reads. */
  resolve(value: string): string {
    return String(this.#resolve(value));
  }

  #resolve(value: unknown): unknown {
    const resolver = new DefaultTokenResolver(new StringConcat());
    return Tokenization.resolve(value, { scope: this.stack, resolver, preparing: false });
  }

  /** Every resource of a type, by name; only these are synthesised, which takes a fraction of the whole stack's time. */
  resources(type: string): Readonly<Record<string, Body>> {
    const known = this.#resources.get(type);
    if (known) return known;
    const bodies = this.#elements()
      .filter(({ terraformResourceType }) => terraformResourceType === type)
      .map((element) => withoutMetadata<StackJson>(this.#resolve(element.toTerraform())).resource?.[type]);
    const byName: Readonly<Record<string, Body>> = Object.assign({}, ...bodies);
    this.#resources.set(type, byName);
    return byName;
  }

  #elements(): TerraformResource[] {
    return this.stack.node.findAll().filter((construct) => TerraformResource.isTerraformResource(construct));
  }

  /** One resource, by its address `type.name`. */
  resource(address: string): Body {
    const [type = "", name = ""] = address.split(".");
    const body = this.resources(type)[name];
    if (!body)
      throw new Error(`no ${address}; there are ${Object.keys(this.resources(type)).join(", ") || "none"}`);
    return body;
  }

  /** Addresses of all resources, sorted. */
  addresses(): string[] {
    return this.#elements()
      .map(({ terraformResourceType, friendlyUniqueId }) => `${terraformResourceType}.${friendlyUniqueId}`)
      .sort();
  }
}

/** The synthesised stack of the chat. */
export class Template extends StackTemplate<ChatStack> {
  constructor(data: EnvironmentData = development, imports: readonly ImportedResource[] = []) {
    super(data, (app, environment) => new ChatStack(app, environment, imports));
  }
}
