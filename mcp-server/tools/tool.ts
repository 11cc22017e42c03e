import {
  type Tool as ListedTool,
  type ToolAnnotations,
  ToolSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { ValidateFunction } from "ajv";
import * as z from "zod";
import type { Group } from "../auth/caller.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { ajv } from "../json-schema.ts";

/** Context of a call. */
export interface ToolContext {
  readonly backend: ChatBackend;
  /** Aborts when the client disconnects or the call takes too long. */
  readonly signal: AbortSignal;
  /** Id of the caller, to which idempotency keys are bound. */
  readonly callerId: string;
  /** The caller's highest group. */
  readonly group: Group;
}

/** The hints are required, because clients use them to ask people for consent. */
type Hints = Required<Pick<ToolAnnotations, "readOnlyHint" | "destructiveHint" | "idempotentHint">>;

interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: `chat_${string}`;
  readonly title: string;
  /** Tells the agent when to use this tool and when another one. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly hints: Hints;
  /** The lowest group whose members may call the tool. */
  readonly group: Group;
  /** Whether calls are written to the audit log. */
  readonly audited?: true;
  readonly run: (args: z.output<Input>, context: ToolContext) => Promise<Answer<z.input<Output>>>;
}

/** What a call gives. */
export interface Answer<Result> {
  /** The structured result. */
  readonly result: Result;
  /** The same for reading. */
  readonly text: string;
  /** Fields for the call's log line, none of which is message content. */
  readonly logged?: Readonly<Record<string, unknown>>;
}

/** JSON Schema of an object, as in tools/list. */
export type ObjectSchema = ListedTool["inputSchema"];

/** A tool that parses its arguments and checks its results. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: Group;
  readonly audited: boolean;
  readonly annotations: ToolAnnotations & Hints;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly inputSchema: ObjectSchema;
  readonly outputSchema: ObjectSchema;
  /** Rejects with a `ChatError`; `invalid_argument` for wrong arguments. */
  call(args: unknown, context: ToolContext): Promise<Answer<Record<string, unknown>>>;
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, input, output, hints, group } = definition;
  const outputSchema = objectSchema(output, "output");
  const present = presentArguments(input);
  // Compiled at the first call, because compiling takes longer than a call.
  let fits: ValidateFunction | undefined;
  return Object.freeze({
    name,
    title,
    description,
    group,
    audited: definition.audited ?? false,
    input,
    output,
    annotations: Object.freeze({ title, ...hints, openWorldHint: false }),
    inputSchema: publishedInput(objectSchema(input, "input")),
    outputSchema: published(outputSchema),
    async call(args: unknown, context: ToolContext) {
      const given = present(args);
      const parsed = input.safeParse(given);
      if (!parsed.success) throw invalidArguments(parsed.error, given);
      const answer = await definition.run(parsed.data, context);
      fits ??= ajv.compile(outputSchema);
      if (fits(answer.result)) return answer;
      throw errors.unreadable(new Error(ajv.errorsText(fits.errors)));
    },
  });
}

/** JSON Schema draft 7, which the SDK's clients compile. */
function objectSchema(schema: z.ZodObject, io: "input" | "output"): ObjectSchema {
  return ToolSchema.shape.inputSchema.parse(z.toJSONSchema(schema, { target: "draft-7", io }));
}

/**
 * The schema as clients get it. Converters of some frameworks know neither `$schema` nor `additionalProperties: false`
 * and refuse the tool; the server refuses unknown arguments all the same.
 */
function published(schema: ObjectSchema): ObjectSchema {
  const simple = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(simple);
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value).filter(
      ([key, inner]) => key !== "$schema" && !(key === "additionalProperties" && inner === false),
    );
    return Object.fromEntries(kept.map(([key, inner]) => [key, simple(inner)]));
  };
  return ToolSchema.shape.inputSchema.parse(simple(schema));
}

/**
 * The schema of the arguments as clients get it. Strict schemas make every argument required and some allow no default:
 * the description tells it, and an optional text may be empty.
 */
function publishedInput(schema: ObjectSchema): ObjectSchema {
  const required = new Set(schema.required);
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    if (required.has(name)) return [name, property];
    const { default: preset, minLength: _, ...kept } = optionalSchema.parse(property);
    const told = preset === undefined ? {} : { description: `${kept.description} (default: ${preset})` };
    return [name, { ...kept, ...told }];
  });
  return published({ ...schema, properties: Object.fromEntries(properties) });
}
const optionalSchema = z.looseObject({ description: z.string(), default: z.unknown().optional() });

/**
 * Leaves out arguments that say nothing: null, and "" for an optional one. Clients that make every argument required,
 * such as those with strict schemas, send them.
 */
function presentArguments({ shape }: z.ZodObject): (args: unknown) => unknown {
  const known = new Map(
    Object.entries(shape).map(([name, schema]) => [name, z.safeParse(schema, undefined).success]),
  );
  const isAbsent = ([name, value]: [string, unknown]) =>
    (value === null && known.has(name)) || (value === "" && known.get(name) === true);
  return (args) => {
    if (args === undefined || args === null) return {};
    if (typeof args !== "object" || Array.isArray(args)) return args;
    const entries = Object.entries(args);
    return entries.some(isAbsent) ? Object.fromEntries(entries.filter((entry) => !isAbsent(entry))) : args;
  };
}

/** Names in an error: an agent pays for each that it reads. */
const MOST_NAMES = 10;

/** The error with all problems, each with field and value. */
function invalidArguments(error: z.ZodError, args: unknown): ChatError {
  const problems = error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      const more = issue.keys.length - MOST_NAMES;
      const names = issue.keys.slice(0, MOST_NAMES).map(clip).join(", ");
      return `${names}${more > 0 ? ` and ${more} more` : ""}: unknown argument`;
    }
    const field = issue.path.join(".") || "arguments";
    const value = issue.path.reduce<unknown>(
      (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
      args,
    );
    if (value === undefined)
      return `${field}: ${issue.code === "invalid_type" ? "is required" : issue.message}`;
    return `${field}: ${issue.message} (given: ${shown(value)})`;
  });
  const field = error.issues[0]?.path[0];
  return new ChatError(
    "invalid_argument",
    `${problems.join("; ")}.`,
    typeof field === "string" ? { field } : {},
  );
}

/** The beginning of a value as JSON. */
function shown(value: unknown): string {
  try {
    return clip(JSON.stringify(value));
  } catch {
    // JSON.parse reads any depth, JSON.stringify ends at that of the stack.
    return "a deeply nested value";
  }
}

/** The beginning of a text, cut between two characters. */
const clip = (text: string) =>
  text.length > 80 ? `${[...text.slice(0, 160)].slice(0, 80).join("")}…` : text;
