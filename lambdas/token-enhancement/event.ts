import * as z from "zod/mini";
import { invalidFields } from "../shared/parsing.ts";

const preTokenGeneration = z.looseObject({
  version: z.enum(["1", "2", "3"]),
  triggerSource: z.string(),
  request: z.looseObject({
    userAttributes: z.nullish(z.looseObject({ sub: z.optional(z.string().check(z.minLength(1))) })),
    groupConfiguration: z.nullish(z.looseObject({ groupsToOverride: z.nullish(z.array(z.string())) })),
  }),
});

/** A pre token generation event for a user. */
export interface PreTokenGeneration {
  readonly kind: "user";
  readonly event: object;
  readonly version: "1" | "2" | "3";
  /** The Cognito `sub`. */
  readonly userId: string;
  readonly groups: readonly string[];
  /** Unchanged, to be sent back. */
  readonly groupConfiguration: object | undefined;
}

export type ParsedEvent =
  | PreTokenGeneration
  | { readonly kind: "no_user" }
  | { readonly kind: "malformed"; readonly problem: string };

/** Reads the fields that the claims depend on; the rest of the event is kept unchanged. */
export function parsePreTokenGeneration(event: unknown): ParsedEvent {
  const { success, data, error } = preTokenGeneration.safeParse(event);
  if (!success)
    return {
      kind: "malformed",
      problem: `not a pre token generation event: ${invalidFields(error, "event")}`,
    };
  const { version, triggerSource, request } = data;
  const userId = request.userAttributes?.sub;
  if (userId === undefined || triggerSource === "TokenGeneration_ClientCredentials")
    return { kind: "no_user" };
  return {
    kind: "user",
    event: data,
    version,
    userId,
    groups: request.groupConfiguration?.groupsToOverride ?? [],
    groupConfiguration: request.groupConfiguration ?? undefined,
  };
}
