import * as z from "zod/mini";
import { parseJson } from "./json.ts";

const answerSchema = z.object({
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

/** An answer other than data. */
export class GraphqlError extends Error {
  override readonly name = "GraphqlError";
  /** HTTP status. */
  readonly status: number;
  /** Hasura's error code, such as `access-denied`; `not-graphql` and `too-large` for answers that cannot be read. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface GraphqlEndpoint {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest answer that is read. @default - no limit */
  readonly maxBytes?: number;
}

/**
 * Sends one operation.
 *
 * @returns the answer's `data`
 * @throws GraphqlError for the first error that the server reports and for answers that are not GraphQL; TypeError if
 *   the endpoint cannot be reached or redirects, because a redirect would take the headers along
 */
export async function graphql(
  { url, headers, maxBytes }: GraphqlEndpoint,
  query: string,
  variables: object,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
    redirect: "error",
    signal,
  });
  const { status, ok } = response;
  const text = maxBytes === undefined ? await response.text() : await readText(response, maxBytes);
  const json = parseJson(text);
  const { success, data: answer } = answerSchema.safeParse(json);
  const [error] = answer?.errors ?? [];
  if (error) throw new GraphqlError(status, error.extensions?.code ?? "unknown", error.message);
  if (success && ok) return answer.data;
  // The beginning of a load balancer's page says what is wrong; JSON may hold what the log must not.
  const page = json === undefined ? text.slice(0, 200) : "JSON of another form";
  throw new GraphqlError(status, "not-graphql", `HTTP ${status}, not a GraphQL answer: ${page}`);
}

async function readText({ body, status }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes)
      throw new GraphqlError(status, "too-large", `the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
