import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { codeIn, objectionsTo } from "./expressions.ts";
import { type KnownTypes, knownTypes } from "./sensitive.ts";

const fields = z.record(z.string(), z.unknown());
/** A block of blocks by type and name, as synthesis writes them. */
const byTypeAndName = z.record(z.string(), z.record(z.string(), fields));
const byName = z.record(z.string(), fields);

/**
 * The parts of a synthesised stack that are read here. Terraform's JSON allows lists in place of objects, and blocks that
 * this project does not use, such as `module`: both are refused, so that nothing is overlooked.
 */
const stackSchema = z.strictObject({
  "//": z.unknown().optional(),
  terraform: z.looseObject({ required_providers: fields }),
  provider: fields,
  variable: byName.default({}),
  locals: fields.default({}),
  data: byTypeAndName.default({}),
  ephemeral: byTypeAndName.default({}),
  resource: byTypeAndName.default({}),
  output: byName.default({}),
  check: byName.default({}),
  import: z.array(fields).default([]),
  moved: z.array(fields).default([]),
  removed: z.array(fields).default([]),
});
type Stack = z.output<typeof stackSchema>;

/** What can run a program. */
const RUNS_PROGRAMS = ["provisioner", "connection"];
/** The built-in provider's types: they read other states, or run provisioners. */
const BUILT_IN = "terraform_";

/**
 * Reads a stack as Terraform will read it after it is written again: of two fields with one name the last, where Terraform
 * would see both.
 * @throws Error where the text is not JSON
 */
export const parseStack = (text: string): unknown =>
  JSON.parse(text, (key, value: unknown) => {
    if (key === "__proto__") throw new Error("a field is called __proto__");
    return value;
  });

/**
 * Why the planning role may not plan a stack that nobody has reviewed: what it could run a program with, send to somebody,
 * or read a secret by. Whatever the reviewed stack has at the same place is allowed.
 * @param json what synthesis of a pull request wrote
 * @param reviewed the same stack, synthesised by reviewed code
 * @returns one line each; none if it may be planned
 */
export function objections(json: unknown, reviewed: unknown): string[] {
  const [parsed, base] = [stackSchema.safeParse(json), stackSchema.parse(reviewed)];
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => at(path, message));
  return new Check(parsed.data, base).run();
}

const at = (path: readonly PropertyKey[], text: string) => `${path.map(String).join(".")}: ${text}`;

class Check {
  readonly #stack: Stack;
  readonly #reviewed: Stack;
  readonly #known: KnownTypes;
  readonly #found: string[] = [];

  constructor(stack: Stack, reviewed: Stack) {
    this.#stack = stack;
    this.#reviewed = reviewed;
    this.#known = knownTypes(Object.keys(reviewed.terraform.required_providers));
  }

  run(): string[] {
    for (const block of ["terraform", "provider"] as const)
      if (!isDeepStrictEqual(this.#stack[block], this.#reviewed[block]))
        this.#object([block], "differs from what runs: versions, backend and providers take a reviewed plan");
    for (const kind of ["data", "ephemeral"] as const)
      for (const [type, blocks] of Object.entries(this.#stack[kind])) this.#reads(kind, type, blocks);
    for (const [type, blocks] of Object.entries(this.#stack.resource)) this.#resources(type, blocks);
    for (const [name, check] of Object.entries(this.#stack.check))
      for (const key of Object.keys(check))
        if (key !== "assert") this.#object(["check", name, key], "only assertions are allowed in a check");
    for (const [index, block] of this.#stack.removed.entries())
      this.#runsNothing(block, ["removed", String(index)]);

    const { "//": _, terraform, provider, ...blocks } = this.#stack;
    this.#expressions(blocks, this.#reviewed, []);
    return this.#found;
  }

  /** A data source or ephemeral resource, which Terraform reads while it plans. */
  #reads(kind: "data" | "ephemeral", type: string, blocks: Record<string, unknown>): void {
    const reviewed = this.#reviewed[kind][type];
    if (reviewed === undefined) this.#object([kind, type], "no reviewed stack reads this type");
    if (reviewed === undefined || !type.startsWith(BUILT_IN)) return;
    for (const [name, block] of Object.entries(blocks))
      if (!isDeepStrictEqual(block, reviewed[name]))
        this.#object([kind, type, name], "reads another state than the reviewed stack");
  }

  #resources(type: string, blocks: Record<string, Record<string, unknown>>): void {
    if (!this.#known.resources.has(type) && !this.#reviewed.resource[type])
      this.#object(["resource", type], "this type is new to the project");
    for (const [name, block] of Object.entries(blocks)) this.#runsNothing(block, ["resource", type, name]);
  }

  #runsNothing(block: Record<string, unknown>, path: readonly string[]): void {
    for (const key of RUNS_PROGRAMS) if (key in block) this.#object([...path, key], "could run a program");
  }

  /** Checks each text and each key, but not what the reviewed stack does at the same place. */
  #expressions(value: unknown, reviewed: unknown, path: readonly string[]): void {
    if (isDeepStrictEqual(value, reviewed)) return;
    if (typeof value === "string") {
      const known = typeof reviewed === "string" ? this.#objectionsTo(reviewed, path) : [];
      for (const text of this.#objectionsTo(value, path)) if (!known.includes(text)) this.#object(path, text);
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      for (const text of this.#objectionsTo(key, path)) this.#object(path, text);
      const other =
        typeof reviewed === "object" && reviewed !== null ? Reflect.get(reviewed, key) : undefined;
      this.#expressions(inner, other, [...path, key]);
    }
  }

  #objectionsTo(text: string, [kind, type]: readonly string[]): string[] {
    const owner = (kind === "resource" || kind === "data") && type !== undefined ? type : "";
    try {
      return codeIn(text).flatMap((code) => objectionsTo(code, this.#known.sensitive, owner));
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  #object(path: readonly string[], text: string): void {
    this.#found.push(at(path, text));
  }
}
