import { createHmac, timingSafeEqual } from "node:crypto";
import { Problem } from "../cli/problem.ts";

/** As `openssl rand -hex 32` writes it, or longer. */
const LEAST_CHARACTERS = 64;

/** @throws Problem where the key is too short to be a random one */
function checked(key: string): string {
  if (key.length >= LEAST_CHARACTERS) return key;
  throw new Problem(
    `REVIEW_KEY has ${key.length} characters, and at least ${LEAST_CHARACTERS} are needed.`,
    "Make one with: openssl rand -hex 32",
  );
}

const signatureOf = (text: string, key: string) =>
  createHmac("sha256", checked(key)).update(text).digest("base64url");

/** The text with its signature. Whoever may push can let a workflow write a comment, but not with the key. */
export const sign = (text: string, key: string): string => `${text} ${signatureOf(text, key)}`;

/** The text that {@link sign} signed with this key; `undefined` where somebody else wrote it. */
export function verified(signed: string, key: string): string | undefined {
  const [text = "", signature = ""] = signed.split(" ");
  const [expected, given] = [signatureOf(text, key), signature].map((each) => Buffer.from(each));
  return expected && given && expected.length === given.length && timingSafeEqual(expected, given)
    ? text
    : undefined;
}
