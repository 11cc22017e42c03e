import { withDeadline } from "../../shared/deadline.ts";
import { GraphqlError, graphql } from "../../shared/graphql.ts";
import type { AgentSession } from "../auth/agent-session.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import type { Operation } from "./hasura-operations.ts";
import { ruleBroken } from "./sql-form.ts";

const NAME = "hasura";

export type Send = <Answer>(
  operation: Operation<Answer>,
  variables: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<Answer>;

/** Sends operations as the agent, with the role of each. Rejects with a `ChatError`. */
export function hasuraClient(url: string, session: AgentSession): Send {
  const post = async <Answer>(
    { role, document, answer }: Operation<Answer>,
    variables: object,
    idToken: string,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const headers = { authorization: `Bearer ${idToken}`, "x-hasura-role": role };
    const data = await graphql({ url, headers }, document, variables, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof GraphqlError ? fromHasura(error) : errors.unavailable(NAME, error);
    });
    const parsed = answer.safeParse(data);
    if (parsed.success) return parsed.data;
    throw errors.unreadable(parsed.error);
  };

  return (operation, variables, outer) =>
    withDeadline(
      outer,
      limits.backendMs,
      () => errors.timeout(NAME),
      async (signal) => {
        const { idToken } = await session.identity();
        try {
          return await post(operation, variables, idToken, signal);
        } catch (error) {
          // The token may have been revoked before it expired. Nothing was done, so a new token may try once more.
          if (causeOf(error)?.code !== "invalid-jwt") throw error;
          session.forget(idToken);
          return await post(operation, variables, (await session.identity()).idToken, signal);
        }
      },
    );
}

/** Violations of constraints; Hasura puts their names before the message. */
const named = /^(Uniqueness|Foreign key|Not-NULL|Check constraint|Exclusion) violation\. /;

/** The chat's own rules keep their message and have the code of their SQLSTATE's class. */
function fromHasura(error: GraphqlError): ChatError {
  if (["constraint-violation", "data-exception"].includes(error.code) && !named.test(error.message))
    return ruleBroken(error.message, error);
  // A load balancer's page, an engine that is starting, or one without a connection to its database.
  if (["not-graphql", "postgres-max-connections-error"].includes(error.code))
    return errors.unavailable(NAME, error);
  if (error.code === "invalid-jwt" || error.code === "access-denied")
    return new ChatError(
      "unavailable",
      "The chat's backend does not accept the server's own account: its operator has to check the account's groups.",
      { cause: error },
    );
  return errors.refused(error);
}

/** The name of the constraint that a write violated; `undefined` for another error. */
export function brokenConstraint(error: unknown): string | undefined {
  const message = causeOf(error)?.message ?? "";
  return named.test(message) ? /constraint "([^"]+)"/.exec(message)?.[1] : undefined;
}

/** The error that Hasura reported. */
const causeOf = (error: unknown): GraphqlError | undefined =>
  error instanceof ChatError && error.cause instanceof GraphqlError ? error.cause : undefined;
