import type * as z from "zod/mini";

/** Names the fields that a schema refused; `root` stands for the whole input. */
export const invalidFields = (error: z.core.$ZodError, root: string): string =>
  error.issues.map(({ path }) => path.join(".") || root).join(", ");

/** Whether a text is an http or https URL. */
export const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
