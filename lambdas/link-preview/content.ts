import * as z from "zod/mini";
import { GraphqlError } from "../../shared/graphql.ts";
import { invalidFields, isWebUrl } from "../shared/parsing.ts";
import type { Send } from "./hasura.ts";

const fields = z.looseObject({
  title: z.nullable(z.string()),
  description: z.nullable(z.string()),
  thumbnail_url: z.nullable(z.string()),
  media_type: z.nullable(z.string()),
});

/** What a preview card shows of a piece of content, with lengths that a card can hold. */
export type Content = Pick<z.infer<typeof fields>, "title" | "description" | "thumbnail_url" | "media_type">;

const answer = z.record(z.string(), z.unknown());

/**
 * Reads a piece of content from the Phenom backend.
 *
 * @returns undefined if the backend knows no such id, or the text has not the form of an id
 * @throws GraphqlError, TypeError, or Error if the answer has not the form that the query must give
 */
export async function fetchContent(
  send: Send,
  query: string,
  id: string,
  signal: AbortSignal,
): Promise<Content | undefined> {
  const data = await send(query, { id }, signal).catch((error: unknown) => {
    // Hasura's code for a value that PostgreSQL cannot read as the column's type, such as a uuid.
    if (error instanceof GraphqlError && error.code === "data-exception") return { none: null };
    throw error;
  });
  const roots = Object.values(answer.safeParse(data).data ?? {});
  if (roots.length !== 1)
    throw new Error(`the content query gave ${roots.length} root fields: it must give one`);
  // A query by key gives an object or null, a query by condition a list.
  const found = Array.isArray(roots[0]) ? (roots[0][0] ?? null) : roots[0];
  if (found === null) return undefined;
  const { success, data: content, error } = fields.safeParse(found);
  if (!success)
    throw new Error(`the content query gave no text or null for: ${invalidFields(error, "the root field")}`);
  return {
    title: cut(content.title, 300),
    description: cut(content.description, 1000),
    thumbnail_url: webUrl(content.thumbnail_url),
    media_type: cut(content.media_type, 100),
  };
}

/** At most `limit` characters, without cutting one in two, and none that PostgreSQL cannot store. */
const cut = (text: string | null, limit: number) =>
  text === null ? null : [...text.replaceAll("\0", "").toWellFormed()].slice(0, limit).join("");

/** Clients load it as a picture, so only http and https pass. */
const webUrl = (text: string | null) =>
  text !== null && text.length <= 2048 && isWebUrl(text) ? text : null;
