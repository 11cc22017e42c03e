import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import * as z from "zod";

export type Answer =
  | { readonly ok: true; readonly result: Readonly<Record<string, unknown>> }
  /** `error` is the tool's code, `http_429`, `rpc_-32602`, `connection` or `no_answer`. */
  | { readonly ok: false; readonly error: string; readonly message: string };

/** Calls tools as one of several callers, over keep-alive connections. */
export interface McpClient {
  call(caller: number, tool: string, args: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Total bytes of HTTP bodies. */
  traffic(): { readonly sent: number; readonly received: number };
  close(): void;
}

/** Longer than the server's own deadline for a call. */
const TIMEOUT_MS = 15_000;

const resultSchema = z.object({
  result: z.object({
    isError: z.boolean().default(false),
    content: z.array(z.object({ text: z.string().default("") })).default([]),
    structuredContent: z.record(z.string(), z.unknown()).default({}),
    _meta: z.object({ "thephenom.app/error": z.object({ code: z.string() }).optional() }).optional(),
  }),
});
const rpcErrorSchema = z.object({ error: z.object({ code: z.number(), message: z.string() }) });

/**
 * A client with little overhead, because it shares the machine with the servers that it measures. The server keeps no
 * sessions, so a call is one POST.
 *
 * @param tokens access tokens, which the callers use in turn
 */
export function mcpClient(url: URL, tokens: readonly string[]): McpClient {
  const secure = url.protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const request = secure ? httpsRequest : httpRequest;
  const traffic = { sent: 0, received: 0 };
  let id = 0;

  return {
    traffic: () => ({ ...traffic }),
    close: () => agent.destroy(),
    call: (caller, tool, args) =>
      new Promise((resolve) => {
        const body = JSON.stringify({
          jsonrpc: "2.0",
          id: ++id,
          method: "tools/call",
          params: { name: tool, arguments: args },
        });
        const token = tokens[caller % tokens.length];
        const sent: ClientRequest = request(
          url,
          {
            method: "POST",
            agent,
            timeout: TIMEOUT_MS,
            headers: {
              "content-type": "application/json",
              accept: "application/json, text/event-stream",
              "content-length": Buffer.byteLength(body),
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("end", () => {
              const text = Buffer.concat(chunks);
              traffic.sent += Buffer.byteLength(body);
              traffic.received += text.length;
              resolve(read(response.statusCode ?? 0, text.toString()));
            });
            response.on("error", (error) => resolve(failure("connection", error.message)));
          },
        );
        sent.on("timeout", () => sent.destroy(new NoResponse(`no response within ${TIMEOUT_MS / 1000} s`)));
        sent.on("error", (error) =>
          resolve(failure(error instanceof NoResponse ? "no_answer" : "connection", error.message)),
        );
        sent.end(body);
      }),
  };
}

class NoResponse extends Error {}

const failure = (error: string, message: string): Answer => ({ ok: false, error, message });

function read(status: number, text: string): Answer {
  if (status !== 200) return failure(`http_${status}`, text.slice(0, 300));
  try {
    const body: unknown = JSON.parse(text);
    const refused = rpcErrorSchema.safeParse(body);
    if (refused.success) return failure(`rpc_${refused.data.error.code}`, refused.data.error.message);
    const { result } = resultSchema.parse(body);
    if (!result.isError) return { ok: true, result: result.structuredContent };
    return failure(result._meta?.["thephenom.app/error"]?.code ?? "internal", result.content[0]?.text ?? "");
  } catch {
    return failure("unreadable", text.slice(0, 300));
  }
}
