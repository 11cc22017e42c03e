import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { eventually } from "../../../test/jest/eventually.ts";
import { freePort } from "../../servers/free-port.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import { databaseConnection } from "./database-connection.ts";

describe("preflight's connection to the database", () => {
  let postgres: PostgresServer;
  const tried = async (host = postgres.host, port = postgres.port) => {
    const { state, found } = await databaseConnection(host, port);
    return `${state}: ${found}`;
  };
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());

  it("passes over TLS, with a certificate of the server's name", async () => {
    expect(await tried()).toMatch(/^passed: TLSv1\.3, certificate of .+ until \w{3} /);
  });

  it("finds a server without TLS", async () => {
    const database = new Client(postgres.asSuperuser(await postgres.createDatabase()));
    await database.connect();
    try {
      await database.query("alter system set ssl = off");
      await database.query("select pg_reload_conf()");
      await eventually(async () => expect(await tried()).toBe("failed: the server does not offer TLS"));
      await database.query("alter system reset ssl");
      await database.query("select pg_reload_conf()");
      await eventually(async () => expect(await tried()).toMatch(/^passed/));
    } finally {
      await database.end();
    }
  });

  it("finds a port on which nothing listens, and a server that is no PostgreSQL", async () => {
    expect(await tried(postgres.host, await freePort())).toMatch(/^failed: .*ECONNREFUSED/);
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await once(other.listen(0, "127.0.0.1"), "listening");
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(await tried("127.0.0.1", port)).toBe("failed: the server is not PostgreSQL");
    other.close();
  });

  it("leaves a name that resolves only elsewhere to db-setup", async () => {
    expect(await tried("db.invalid")).toMatch(
      /^later: not tried, because db\.invalid does not resolve here: .*db-setup/,
    );
  });
});
