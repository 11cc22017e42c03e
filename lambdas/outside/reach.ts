import * as z from "zod/mini";
import type { Target } from "./metrics.ts";

/** Time for one answer. Above it people have given up. */
const PATIENCE_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Cloudflare's rules can let requests with this name pass. */
const headers = { "user-agent": "phenom-chat-outside" };

/** The expected answers. Hasura's refusal of an anonymous request proves as much as data does. */
const expected: Readonly<Record<Target, z.ZodMiniType>> = {
  a: z.object({ versions: z.array(z.string()) }),
  b: z.union([z.object({ data: z.unknown() }), z.object({ errors: z.array(z.unknown()) })]),
  agents: z.object({ status: z.string() }),
};

/**
 * Asks a part of the chat as anybody on the internet can: through Cloudflare and the load balancer.
 *
 * @returns why it counts as unreachable; `undefined` if it answered
 */
export async function unreachable(target: Target, url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      ...(target === "b" && {
        method: "POST",
        body: JSON.stringify({ query: "query Outside { __typename }" }),
      }),
      headers: { ...headers, ...(target === "b" && { "content-type": "application/json" }) },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = (await response.text()).slice(0, MAX_ANSWER_BYTES);
    if (response.status !== 200) return `status ${response.status}`;
    return expected[target].safeParse(JSON.parse(text)).success ? undefined : "another answer than expected";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
