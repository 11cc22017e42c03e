import * as z from "zod/mini";
import { parseJson } from "../../shared/json.ts";

/** Bytes of an answer that are read; a preview needs a few hundred. */
const answerLimit = 256 * 1024;

const answer = z.object({
  data: z.nullish(z.unknown()),
  errors: z.optional(
    z.array(
      z.looseObject({
        message: z.string(),
        extensions: z.optional(z.looseObject({ code: z.optional(z.string()) })),
      }),
    ),
  ),
});

/** An answer other than data; `code` is Hasura's error code (`access-denied`, ...) or `http-<status>`. */
export class GraphqlError extends Error {
  override readonly name = "GraphqlError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** How to ask one GraphQL endpoint. */
export type Ask = (query: string, variables: object, signal: AbortSignal) => Promise<unknown>;

/**
 * @returns the answer's `data`
 * @throws GraphqlError for errors and answers that are not GraphQL's, TypeError where the endpoint is out of
 *   reach or leads elsewhere: a redirect would take the headers along
 */
export async function graphql(
  endpoint: string,
  headers: Readonly<Record<string, string>>,
  query: string,
  variables: object,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
    redirect: "error",
    signal,
  });
  const text = await readText(response);
  const { success, data: parsed } = answer.safeParse(parseJson(text));
  const [error] = parsed?.errors ?? [];
  if (error) throw new GraphqlError(error.extensions?.code ?? `http-${response.status}`, error.message);
  if (!success || !response.ok)
    throw new GraphqlError(`http-${response.status}`, "the answer is not one of a GraphQL server");
  return parsed.data;
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > answerLimit)
      throw new GraphqlError("too-large", `the answer is larger than ${answerLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
