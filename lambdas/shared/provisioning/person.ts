import { isWebUrl } from "../parsing.ts";
import { chosenUsername, displayName, publicUsername } from "./names.ts";

/** A person of the user pool, from an event of Cognito or from a list of its users. */
export interface Person {
  /** The Cognito `sub`. */
  readonly id: string;
  readonly userPoolId: string;
  /** The user's name in Cognito. */
  readonly cognitoName: string;
  /** Null if no attribute says it. */
  readonly preferredUsername: string | null;
  /** The Cognito name, if others may read it. */
  readonly chosenUsername: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** What the chat takes of a user's attributes. */
export function personOf(
  userPoolId: string,
  cognitoName: string,
  attributes: Readonly<Record<string, unknown>> & { readonly sub: string },
): Person {
  const { sub, name, given_name, family_name, preferred_username, picture } = attributes;
  const isFederated =
    attributes["identities"] !== undefined || attributes["cognito:user_status"] === "EXTERNAL_PROVIDER";
  return {
    id: sub,
    userPoolId,
    cognitoName,
    preferredUsername: publicUsername(preferred_username),
    chosenUsername: chosenUsername(cognitoName, isFederated),
    displayName:
      displayName(name) ??
      displayName([given_name, family_name].filter((part) => typeof part === "string").join(" ")),
    avatarUrl: webUrl(picture),
  };
}

/** Characters of an address that is stored: Cognito's limit for an attribute. */
const MAX_URL = 2048;

/** Clients load it as a picture, so only http and https pass. */
const webUrl = (value: unknown) =>
  typeof value === "string" && value.length <= MAX_URL && !value.includes("\0") && isWebUrl(value)
    ? value
    : null;
