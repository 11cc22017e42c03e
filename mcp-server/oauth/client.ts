import * as z from "zod";
import { limits } from "../limits.ts";
import { redirectProblem } from "./redirect-uri.ts";

/** A client that people sign in with. */
export interface Client {
  /** As it calls itself. */
  readonly name: string | undefined;
  readonly redirectUris: readonly string[];
  /** Host that vouches for the name; `undefined` if nobody does. */
  readonly publisher: string | undefined;
}

/** Invisible characters and those that turn the direction of writing could make a name look like another. */
const readable = (name: string) =>
  [...name.replaceAll(/\p{C}/gu, "").replaceAll(/\s+/g, " ").trim()].slice(0, limits.clientName).join("");

export const clientName = z
  .string()
  .transform((name) => readable(name) || undefined)
  .optional();

/** RFC 7591's `redirect_uris`, with an error for each address that is refused. */
export const redirectUris = z
  .array(z.string())
  .min(1, `must name 1 to ${limits.redirectUris} addresses`)
  .max(limits.redirectUris, `must name 1 to ${limits.redirectUris} addresses`)
  .superRefine((uris, context) => {
    for (const uri of uris) {
      const problem = redirectProblem(uri);
      if (problem)
        context.addIssue({ code: "custom", message: `${JSON.stringify(uri.slice(0, 200))} ${problem}` });
    }
  });
