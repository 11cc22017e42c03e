import * as z from "zod/mini";

/** What the schedule, or an operator, asks for. */
export const request = z.discriminatedUnion("task", [
  /** Brings Internal, Partners and the roles in line with the groups. */
  z.object({ task: z.literal("groups"), userPoolId: z.string() }),
  /** Adds the members of the user pool to Community, from a page on. With `retentionDays` above 0, archives old messages. */
  z.object({
    task: z.literal("pool"),
    userPoolId: z.string(),
    page: z.optional(z.string()),
    retentionDays: z._default(z.number(), 0),
  }),
  /** Tries what a sign-in writes, and undoes it. */
  z.object({ task: z.literal("preflight") }),
]);
