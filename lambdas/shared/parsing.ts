import * as z from "zod/mini";
import type { Invocation } from "./invocation.ts";

/** Names the fields that a schema refused; `root` stands for the whole input. */
export const invalidFields = (error: z.core.$ZodError, root: string): string =>
  error.issues.map(({ path }) => path.join(".") || root).join(", ");

/**
 * Parses what an operator or a schedule asks for.
 * @throws Error that names the wrong fields, after the invocation's last line
 */
export function parseRequest<Schema extends z.ZodMiniType>(
  schema: Schema,
  event: unknown,
  invocation: Invocation<"malformed">,
): z.output<Schema> {
  const { success, data, error } = z.safeParse(schema, event);
  if (success) return data;
  const problem = `wrong or missing: ${invalidFields(error, "event")}`;
  invocation.finish("malformed", "ERROR", { problem });
  throw new Error(problem);
}

/** Whether a text is an http or https URL. */
export const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
