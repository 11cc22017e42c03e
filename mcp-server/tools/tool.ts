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

/** What a tool's work may use. */
export interface ToolContext {
  readonly backend: ChatBackend;
  /** Aborts when the client goes away or the call's time is over. */
  readonly signal: AbortSignal;
  /** Who calls, for what must be bound to one caller. */
  readonly callerId: string;
}

/** The hints are required: clients ask people for consent by them. */
type Hints = Required<Pick<ToolAnnotations, "readOnlyHint" | "destructiveHint" | "idempotentHint">>;

interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: `chat_${string}`;
  readonly title: string;
  /** Tells an agent when to use this tool and when another. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly hints: Hints;
  /** The least of the groups whose members may call. */
  readonly group: Group;
  /** Whether each call goes to the audit log, with its arguments. */
  readonly audited?: true;
  readonly run: (args: z.output<Input>, context: ToolContext) => Promise<z.input<Output>>;
}

/** JSON Schema of an object, as tools/list shows it. */
export type ObjectSchema = ListedTool["inputSchema"];

/** A tool as the server runs it: arguments come in unknown and are parsed, results go out checked. */
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
  /** Rejects with a `ChatError`, `invalid_argument` where the arguments do not fit. */
  call(args: unknown, context: ToolContext): Promise<Record<string, unknown>>;
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, input, output, hints, group } = definition;
  const outputSchema = objectSchema(output, "output");
  // Compiled at the first call: that takes longer than the call.
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
    inputSchema: objectSchema(input, "input"),
    outputSchema,
    async call(args: unknown, context: ToolContext) {
      const parsed = input.safeParse(args ?? {});
      if (!parsed.success) throw invalidArguments(parsed.error, args);
      const result = await definition.run(parsed.data, context);
      fits ??= ajv.compile(outputSchema);
      if (fits(result)) return result;
      throw errors.unreadable(new Error(ajv.errorsText(fits.errors)));
    },
  });
}

/** Draft 7, because that is what the SDK's own clients compile. */
function objectSchema(schema: z.ZodObject, io: "input" | "output"): ObjectSchema {
  return ToolSchema.shape.inputSchema.parse(z.toJSONSchema(schema, { target: "draft-7", io }));
}

/** Every problem at once, each with its field and what came in. */
function invalidArguments(error: z.ZodError, args: unknown): ChatError {
  const problems = error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `${issue.keys.map((key) => clip(key)).join(", ")}: unknown argument`;
    const field = issue.path.join(".") || "arguments";
    const value = issue.path.reduce<unknown>(
      (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
      args,
    );
    const given = value === undefined ? "" : ` (given: ${clip(JSON.stringify(value))})`;
    return `${field}: ${issue.message}${given}`;
  });
  const field = error.issues[0]?.path[0];
  return new ChatError(
    "invalid_argument",
    `${problems.join("; ")}.`,
    typeof field === "string" ? { field } : {},
  );
}

const clip = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
