import * as z from "zod/mini";

/** What the schedule, or an operator, asks for. */
export const request = z.discriminatedUnion("task", [
  /** Brings Internal and Partners in line with the groups. */
  z.object({ task: z.literal("groups"), userPoolId: z.string() }),
  /** Erases a person; to be repeated until it is complete. */
  z.object({ task: z.literal("erase"), sub: z.string(), withMessages: z.boolean() }),
]);
