import type { Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type GraphQLSchema, parse, validate } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import * as z from "zod";
import type { Expression } from "./hasura-permissions.ts";
import { REFETCH_MS } from "./hasura-stream.ts";

/** What subscriptions need of the engine. */
export interface Engine<Session> {
  /** Who connects, by the headers of `connection_init` in lower case. `undefined` if their token opens nothing. */
  sessionOf(headers: Readonly<Record<string, string>>): Session | undefined;
  schemaOf(session: Session): GraphQLSchema | undefined;
  /** What a root field has for a session now. */
  read(session: Session, field: string, args: Expression): Promise<unknown>;
}

const paramsSchema = z.object({ headers: z.record(z.string(), z.string()) });

/**
 * Subscriptions over WebSockets, by the protocol `graphql-transport-ws`. As the engine does, it asks the database once per
 * interval: a live query is sent again when its result has changed, a stream sends what comes after its cursor.
 */
export function serveSubscriptions<Session>(
  server: Server,
  path: string,
  engine: Engine<Session>,
): { stop(): Promise<void> } {
  const ended = new AbortController();
  const sessionOf = (params: unknown) => {
    const { data } = paramsSchema.safeParse(params);
    const headers = Object.entries(data?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    return engine.sessionOf(Object.fromEntries(headers));
  };
  const running = useServer(
    {
      onConnect: ({ connectionParams }) => sessionOf(connectionParams) !== undefined,
      onSubscribe({ connectionParams }, _id, { query, variables }) {
        const session = sessionOf(connectionParams);
        const schema = session && engine.schemaOf(session);
        if (!session || !schema) throw new Error("the token has expired");
        const document = parse(query);
        const errors = validate(schema, document);
        if (errors.length > 0) return errors;
        const fields = Object.keys(schema.getSubscriptionType()?.getFields() ?? {});
        const rootValue = Object.fromEntries(
          fields.map((field) => [
            field,
            (args: Expression) =>
              results(field, args, (wanted) => engine.read(session, field, wanted), ended.signal),
          ]),
        );
        return { schema, document, rootValue, ...(variables && { variableValues: variables }) };
      },
    },
    new WebSocketServer({ server, path }),
  );
  return {
    async stop() {
      ended.abort();
      await running.dispose();
    },
  };
}

/** What a subscription sends, until it ends. */
function results(
  field: string,
  args: Expression,
  read: (args: Expression) => Promise<unknown>,
  ended: AbortSignal,
): AsyncIterableIterator<unknown> {
  const completed = new AbortController();
  const signal = AbortSignal.any([ended, completed.signal]);
  const sent = changes(field, args, read, signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => sent.next(),
    // A generator ends by itself at its next value only, which may never come.
    async return() {
      completed.abort();
      return { done: true, value: undefined };
    },
  };
}

async function* changes(
  field: string,
  args: Expression,
  read: (args: Expression) => Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<unknown, undefined> {
  const isStream = field.endsWith("_stream");
  let wanted = args;
  let before: string | undefined;
  while (!signal.aborted) {
    const value = await read(wanted);
    const text = JSON.stringify(value);
    if (isStream) {
      const last = z.array(z.record(z.string(), z.unknown())).parse(value).at(-1);
      if (last) {
        wanted = after(wanted, last);
        yield { [field]: value };
      }
    } else if (text !== before) {
      before = text;
      yield { [field]: value };
    }
    await wait(REFETCH_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

const cursorSchema = z.tuple([z.looseObject({ initial_value: z.record(z.string(), z.unknown()) })]);

/** The arguments of a stream whose cursor is at a row. */
function after(args: Expression, row: Readonly<Record<string, unknown>>): Expression {
  const [cursor] = cursorSchema.parse(args["cursor"]);
  const initial_value = Object.fromEntries(
    Object.keys(cursor.initial_value).map((column) => [column, row[column]]),
  );
  return { ...args, cursor: [{ ...cursor, initial_value }] };
}
