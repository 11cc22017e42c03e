import * as z from "zod/mini";
import { invalidFields } from "../shared/parsing.ts";
import { type Person, personOf } from "../shared/provisioning/person.ts";

/** Post authentication and post confirmation have the same form. */
const signIn = z.looseObject({
  userPoolId: z.string().check(z.minLength(1)),
  userName: z.string().check(z.minLength(1)),
  request: z.looseObject({
    userAttributes: z.looseObject({ sub: z.string().check(z.minLength(1)) }),
  }),
});

/** @returns the problem as text unless the event is a sign-in or sign-up of a user */
export function parseSignIn(event: unknown): Person | string {
  const { success, data, error } = signIn.safeParse(event);
  if (!success) return `wrong or missing: ${invalidFields(error, "event")}`;
  return personOf(data.userPoolId, data.userName, data.request.userAttributes);
}
