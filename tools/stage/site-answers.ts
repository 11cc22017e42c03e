import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import type { Site } from "../servers/internet.ts";
import type { Content } from "./hasura.ts";

/** Passes a request on as it is, and its answer back. */
export async function relay(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string" && !["host", "connection", "content-length"].includes(name))
      headers.set(name, value);
  const method = request.method ?? "GET";
  const body = await buffer(request);
  const answer = await fetch(url, { method, headers, ...(method !== "GET" && { body }) });
  response.writeHead(answer.status, {
    "content-type": answer.headers.get("content-type") ?? "application/octet-stream",
    ...(answer.headers.has("x-amzn-errortype") && {
      "x-amzn-errortype": answer.headers.get("x-amzn-errortype") ?? "",
    }),
  });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** Calls a function by its ARN, as an HTTP API does. */
export type FunctionCall = (
  arn: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>;

/** An HTTP API, whose function answers. */
export const apiSite =
  (functionArn: string, call: FunctionCall): Site =>
  async (request, response) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === "string" ? [[name, value]] : [],
      ),
    );
    const answer = await call(functionArn, headers, await text(request));
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  };

/** Pages of content, with the tags that a link preview is made from. */
export const contentSite =
  (content: ReadonlyMap<string, Content>): Site =>
  (request, response) => {
    const found = content.get(decodeURIComponent((request.url ?? "").split("/").at(-1) ?? ""));
    if (!found) return void response.writeHead(404).end();
    const meta = (name: string, value: string) => `<meta property="og:${name}" content="${value}">`;
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(
      `<!doctype html><html><head><title>${found.title}</title>${meta("title", found.title)}${meta("description", found.description)}</head><body></body></html>`,
    );
  };
