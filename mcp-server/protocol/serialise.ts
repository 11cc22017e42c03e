import type { JsonRpcResponse } from "./request-transport.ts";

/**
 * A response as pieces of JSON. The text of a tool's result is the JSON of its structured content, which is the larger
 * half of a response, so the text is reused instead of serialised again.
 */
export function serialise(response: JsonRpcResponse): string[] {
  if (!("result" in response)) return [JSON.stringify(response)];
  const { structuredContent, ...result } = response.result;
  const text = structuredContent === undefined ? undefined : textOf(result["content"]);
  if (text === undefined) return [JSON.stringify(response)];
  const head = JSON.stringify({ jsonrpc: "2.0", id: response.id, result });
  return [head.slice(0, -2), ',"structuredContent":', text, "}}"];
}

/** Several responses as the JSON of a batch. */
export const serialiseBatch = (responses: readonly JsonRpcResponse[]): string[] => [
  ...responses.flatMap((response, index) => [index === 0 ? "[" : ",", ...serialise(response)]),
  "]",
];

function textOf(content: unknown): string | undefined {
  const part: unknown = Array.isArray(content) ? content[0] : undefined;
  return typeof part === "object" && part !== null && "text" in part && typeof part.text === "string"
    ? part.text
    : undefined;
}
