import * as z from "zod/mini";
import { invalidFields, isWebUrl } from "../shared/parsing.ts";

const postAuthentication = z.looseObject({
  userPoolId: z.string().check(z.minLength(1)),
  userName: z.string().check(z.minLength(1)),
  request: z.looseObject({
    userAttributes: z.looseObject({ sub: z.string().check(z.minLength(1)) }),
  }),
});

/** Who signed in, from Cognito's post authentication event. */
export interface Person {
  /** The Cognito `sub`. */
  readonly id: string;
  readonly userPoolId: string;
  /** The user's name in Cognito. */
  readonly cognitoName: string;
  /** Null if no attribute says it. */
  readonly preferredUsername: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** @returns the problem as text if the event is not a user's sign-in */
export function parsePostAuthentication(event: unknown): Person | string {
  const { success, data, error } = postAuthentication.safeParse(event);
  if (!success) return `wrong or missing: ${invalidFields(error, "event")}`;
  const attributes = data.request.userAttributes;
  const text = (name: string) => clean(attributes[name]);
  return {
    id: attributes.sub,
    userPoolId: data.userPoolId,
    cognitoName: data.userName,
    preferredUsername: text("preferred_username"),
    displayName: text("name") ?? clean([text("given_name"), text("family_name")].join(" ")),
    avatarUrl: webUrl(text("picture")),
  };
}

/** Longest text that is stored, in characters: Cognito's limit for an attribute. */
const MAX_LENGTH = 2048;

/** The text without characters that PostgreSQL cannot store; null if nothing remains. */
function clean(value: unknown): string | null {
  if (typeof value !== "string") return null;
  return value.replaceAll("\0", "").trim().slice(0, MAX_LENGTH) || null;
}

/** Clients load it as a picture, so only http and https pass. */
const webUrl = (value: string | null) => (value !== null && isWebUrl(value) ? value : null);
