import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "@jest/globals";
import { startTestService } from "../../test/mcp-server/service.ts";
import { token } from "../../tools/servers/cognito-tokens.ts";
import { postgresBackend } from "../backends/postgres.ts";

it("a body that arrives byte by byte is ended, and other requests are served meanwhile", async () => {
  const backend = postgresBackend({
    connection: { connectionString: "postgres://127.0.0.1:9/none" },
    agentUserId: "agent",
  });
  const service = await startTestService(backend);
  const socket = connect(service.port, "127.0.0.1");
  await once(socket, "connect");
  const head = [
    "POST /mcp HTTP/1.1",
    `host: 127.0.0.1:${service.port}`,
    `authorization: Bearer ${token()}`,
    "content-type: application/json",
    "content-length: 100000",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const trickle = setInterval(() => socket.write(" "), 200);
  const answered = text(socket);
  const ping = await service.post({ jsonrpc: "2.0", id: 1, method: "ping" });
  expect(await ping.json()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  expect(await answered).toMatch(/^HTTP\/1.1 408 /);
  clearInterval(trickle);
  await service.stop();
});
