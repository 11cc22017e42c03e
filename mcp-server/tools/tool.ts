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
  readonly run: (args: z.output<Input>, context: ToolContext) => Promise<z.input<Output>>;
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
  call(args: unknown, context: ToolContext): Promise<Record<string, unknown>>;
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, input, output, hints, group } = definition;
  const outputSchema = objectSchema(output, "output");
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

/** JSON Schema draft 7, which the SDK's clients compile. */
function objectSchema(schema: z.ZodObject, io: "input" | "output"): ObjectSchema {
  return ToolSchema.shape.inputSchema.parse(z.toJSONSchema(schema, { target: "draft-7", io }));
}

/** The error with all problems, each with field and value. */
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
