import type { IncomingHttpHeaders } from "node:http";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { limits } from "../limits.ts";
import { isStatelessMessage } from "../protocol/revisions.ts";
import { HttpError } from "./respond.ts";

export interface Messages {
  readonly messages: readonly JSONRPCMessage[];
  /** Whether they are a batch, so that the answer must be one. */
  readonly batch: boolean;
}

/** @throws HttpError 400 unless the body is a JSON-RPC message or a batch */
export function parseMessages(body: string, headers: IncomingHttpHeaders): Messages {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new HttpError(400, "The request's body is not JSON.", { rpcCode: -32700 });
  }
  const batch = Array.isArray(json);
  const items: readonly unknown[] = Array.isArray(json) ? json : [json];
  if (items.length === 0 || items.length > limits.batch)
    throw invalid(`A batch holds 1 to ${limits.batch} messages, not ${items.length}.`);
  const messages = items.map((item) => {
    const parsed = JSONRPCMessageSchema.safeParse(withoutNulls(item));
    if (!parsed.success) throw invalid("The request's body is no JSON-RPC 2.0 message.");
    return parsed.data;
  });
  if (batch && messages.some((message) => isStatelessMessage(message, headers)))
    throw invalid("A batch holds no messages of protocol version 2026-07-28 or later.");
  const ids = messages.flatMap((message) => ("method" in message && "id" in message ? [message.id] : []));
  if (new Set(ids).size !== ids.length) throw invalid("Two requests of a batch have the same id.");
  return { messages, batch };
}

const invalid = (message: string) => new HttpError(400, message, { rpcCode: -32600 });

/** Some clients send `params: null`, or `_meta: null` in them, where they have none. */
function withoutNulls(item: unknown): unknown {
  if (!isObject(item)) return item;
  const { params } = item;
  if (params === null) return omit(item, "params");
  return isObject(params) && params["_meta"] === null ? { ...item, params: omit(params, "_meta") } : item;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function omit(from: Record<string, unknown>, key: string): Record<string, unknown> {
  const { [key]: _, ...rest } = from;
  return rest;
}
