import type { IncomingMessage } from "node:http";
import { Refusal } from "./respond.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body as text and stops as soon as it is longer than `most` bytes. A body that comes too
 * slowly is cut off by the HTTP server's own timeout.
 * @throws Refusal 413 or 400
 */
export function readBody(request: IncomingMessage, most: number): Promise<string> {
  const tooLarge = () =>
    new Refusal(413, `The request's body has more than ${most} bytes.`, { headers: { connection: "close" } });
  if (Number(request.headers["content-length"]) > most) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > most) {
        request.pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      try {
        resolve(decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
      } catch {
        reject(new Refusal(400, "The request's body is not UTF-8.", { rpcCode: -32700 }));
      }
    });
    request.on("error", reject);
    request.on("close", () => {
      if (!request.complete) reject(new Refusal(400, "The request's body ended early."));
    });
  });
}
