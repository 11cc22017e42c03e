import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { startTask } from "../../../test/task.ts";
import { probe } from "./hasura.ts";

let server: Server;
let port: number;
let status = 200;
beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === "/healthz" ? status : 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

const exitCode = async (host: string) => {
  const { code } = await startTask(["sh", "-c", probe], { HASURA_ENDPOINT: `http://${host}/v1/graphql` })
    .done;
  return code;
};

it("the probe succeeds if Hasura is healthy, and otherwise ends with the code that says why not", async () => {
  status = 200;
  expect(await exitCode(`127.0.0.1:${port}`)).toBe(0);
  status = 500;
  expect(await exitCode(`127.0.0.1:${port}`)).toBe(22);
  expect(await exitCode("name-of-service-connect.invalid:8080")).toBe(6);
  expect(await exitCode("127.0.0.1:1")).toBe(7);
});
