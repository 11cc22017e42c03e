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

/** A synthesised stack. */
export class StackTemplate<Stack extends TerraformStack> {
  readonly stack: Stack;
  #json: StackJson | undefined;

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
    this.#json ??= JSON.parse(
      JSON.stringify(this.stack.toTerraform(), (key, value) => (key === "//" ? undefined : value)),
    );
    return this.#json as StackJson;
  }

  /** Resolves a construct's `value` to what Terraform reads. */
  resolve(value: string): string {
    const resolver = new DefaultTokenResolver(new StringConcat());
    return String(Tokenization.resolve(value, { scope: this.stack, resolver, preparing: false }));
  }

  /** Every resource of a type, by name. */
  resources(type: string): Readonly<Record<string, Body>> {
    return this.json.resource?.[type] ?? {};
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
    return this.stack.node
      .findAll()
      .filter((construct) => TerraformResource.isTerraformResource(construct))
      .map((resource) => `${resource.terraformResourceType}.${resource.friendlyUniqueId}`)
      .sort();
  }
}

/** The synthesised stack of the chat. */
export class Template extends StackTemplate<ChatStack> {
  constructor(data: EnvironmentData = development, imports: readonly ImportedResource[] = []) {
    super(data, (app, environment) => new ChatStack(app, environment, imports));
  }
}
