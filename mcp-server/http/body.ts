import type { IncomingMessage } from "node:http";
import { HttpError } from "./respond.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body as text and stops when it is longer than `maxBytes`. The HTTP server's own timeout ends
 * a body that arrives too slowly.
 * @throws HttpError 413 or 400
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () =>
    new HttpError(413, `The request's body has more than ${maxBytes} bytes.`, {
      headers: { connection: "close" },
    });
  if (Number(request.headers["content-length"]) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      try {
        resolve(decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
      } catch {
        reject(new HttpError(400, "The request's body is not UTF-8.", { rpcCode: -32700 }));
      }
    });
    request.on("error", reject);
    request.on("close", () => {
      if (!request.complete) reject(new HttpError(400, "The request's body ended early."));
    });
  });
}
