import { createServer, request } from "node:http";
import { close, listen } from "../../tools/servers/listening.ts";

/** Passes requests on until `limit` of them were carried out; the answer to the last one is kept back. */
export async function startCut(target: string, limit: number) {
  let count = 0;
  let limited = 0;
  let cut = () => {};
  const reached = new Promise<void>((done) => {
    cut = done;
  });
  const server = createServer((incoming, response) => {
    const { host: _, ...headers } = incoming.headers;
    const onward = request(`${target}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
      count += 1;
      if (answer.statusCode === 429) limited += 1;
      if (count === limit) return cut();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return { url, reached, limited: () => limited, stop: () => close(server) };
}
