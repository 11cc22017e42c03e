import * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import type { AgentSession } from "../auth/agent-session.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import type { Operation } from "./hasura-operations.ts";
import { ruleBroken } from "./sql-form.ts";

const NAME = "hasura";

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }).optional() }))
    .optional(),
});

/** An error that Hasura reports: its code, and the words of the database where Hasura passes them on. */
export class HasuraError extends Error {
  override readonly name = "HasuraError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type Send = <Answer>(
  operation: Operation<Answer>,
  variables: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<Answer>;

/** Sends operations as the agent, with the role of each. Rejects with a `ChatError`. */
export function hasuraClient(endpoint: string, session: AgentSession): Send {
  const post = async (operation: Operation<unknown>, variables: object, signal: AbortSignal) => {
    const { idToken } = await session.identity();
    const response = await fetch(endpoint, {
      method: "POST",
      signal,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${idToken}`,
        "x-hasura-role": operation.role,
      },
      body: JSON.stringify({ query: operation.document, variables }),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw errors.unavailable(NAME, error);
    });
    const body = await response.text().catch((error: unknown) => {
      signal.throwIfAborted();
      throw errors.unavailable(NAME, error);
    });
    return { idToken, answer: readAnswer(response.status, body) };
  };

  return (operation, variables, outer) =>
    withDeadline(
      outer,
      limits.backendMs,
      () => errors.timeout(NAME),
      async (signal) => {
        let { idToken, answer } = await post(operation, variables, signal);
        // The token may have been revoked before its time: one more try with a new one, as nothing was done.
        if (answer.errors?.[0]?.extensions?.code === "invalid-jwt") {
          session.forget(idToken);
          ({ answer } = await post(operation, variables, signal));
        }
        const [first] = answer.errors ?? [];
        if (first) throw fromHasura(new HasuraError(first.extensions?.code ?? "unknown", first.message));
        const parsed = operation.answer.safeParse(answer.data);
        if (parsed.success) return parsed.data;
        throw new ChatError("internal", "The chat's backend gave an answer that this server cannot read.", {
          cause: parsed.error,
        });
      },
    );
}

function readAnswer(status: number, body: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(body));
  } catch {
    // A load balancer's page, or an engine that is starting.
    throw errors.unavailable(NAME, new Error(`HTTP ${status}: ${body.slice(0, 200)}`));
  }
}

/** Violations that have a name in PostgreSQL; Hasura puts the name before the message. */
const named = /^(Uniqueness|Foreign key|Not-NULL|Check constraint|Exclusion) violation\. /;

/** Rules of the chat come through word for word, with the code of their SQLSTATE's class. */
function fromHasura(error: HasuraError): ChatError {
  if (["constraint-violation", "data-exception"].includes(error.code) && !named.test(error.message))
    return ruleBroken(error.message, error);
  if (error.code === "postgres-max-connections-error") return errors.unavailable(NAME, error);
  if (error.code === "invalid-jwt" || error.code === "access-denied")
    return new ChatError(
      "unavailable",
      "The chat's backend does not accept the server's own account: its operator has to check the account's groups.",
      { cause: error },
    );
  return new ChatError("internal", "The chat's backend refused the operation; the log has the reason.", {
    cause: error,
  });
}

/** The name of the constraint that a write broke, if that is what went wrong. */
export function brokenConstraint(error: unknown): string | undefined {
  const cause = error instanceof ChatError ? error.cause : undefined;
  if (!(cause instanceof HasuraError) || !named.test(cause.message)) return undefined;
  return /constraint "([^"]+)"/.exec(cause.message)?.[1];
}
