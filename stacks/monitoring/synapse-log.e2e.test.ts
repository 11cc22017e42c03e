import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { filterPattern } from "../../test/filter-pattern.ts";
import { eventually } from "../../test/jest/eventually.ts";
import { type Account, account, createRoom, matrix, register, send } from "../../test/matrix.ts";
import { type PostgresServer, startPostgres } from "../../tools/servers/postgres.ts";
import { deploySynapse, type Synapse, type SynapseDeployment } from "../../tools/servers/synapse.ts";
import { synapseLog } from "./log-metrics.ts";

// The arguments of Synapse's access log have no names, so an upgrade could change what they are.
describeWithSynapse("the log of a real Synapse", () => {
  let postgres: PostgresServer;
  let deployment: SynapseDeployment;
  let synapse: Synapse;
  let person: Account;

  beforeAll(async () => {
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres, {});
    synapse = await deployment.start({});
    const user = { username: `u-${randomUUID()}`, password: randomUUID() + randomUUID() };
    person = account(
      await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, user),
    );
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
  });

  const lines = () => synapse.output().split("\n");
  const found = (metric: { pattern: string }) =>
    lines()
      .map(filterPattern(metric.pattern))
      .filter((fields) => fields !== undefined);
  /** Waits for a line: what was asked before is in the log by then. */
  const logged = (part: string) =>
    eventually(() => expect(synapse.output()).toContain(part), { timeout: 10_000 });

  it("has one value for each sent message, its duration, and none for typing", async () => {
    const room = await createRoom(synapse.url, person);
    const began = performance.now();
    for (const text of ["one", "two", "three"]) await send(synapse.url, person, room, text);
    const elapsed = (performance.now() - began) / 1000;
    await matrix(synapse.url, "PUT", `/_matrix/client/v3/rooms/${room}/typing/${person.userId}`, {
      token: person.accessToken,
      body: { typing: true, timeout: 1000 },
    });
    const [, field = ""] = /^\$(\w+)$/.exec(synapseLog.sends.value) ?? [];
    await logged("/typing/");
    const values = found(synapseLog.sends).map((fields) => Number(fields[field]));
    expect(values).toHaveLength(3);
    for (const seconds of values) expect(seconds).toBeGreaterThan(0);
    expect(values.reduce((sum, seconds) => sum + seconds)).toBeLessThanOrEqual(elapsed + 0.003);
  });

  it("counts Synapse's errors, such as an unreachable Cognito", async () => {
    await logged("Error while preloading OIDC provider");
    const errors = lines().filter(filterPattern(synapseLog.errors.pattern));
    expect(errors.some((line) => line.includes("Error while preloading OIDC provider"))).toBe(true);
    expect(errors.length).toBeLessThan(lines().length / 2);
  });

  it("can't be forged by the path of a request", async () => {
    const before = found(synapseLog.sends).length;
    const line = "request PUT 9.999 200 /_matrix/client/v3/rooms/a/send/m.room.message/1";
    for (const space of ["%0A", "\n", "\v", "\f", "\t", "\x1c", "\u0085"])
      await ask(`/_matrix/client/v3/x${space}${line.replaceAll(" ", space)}`);
    await matrix(synapse.url, "GET", "/_matrix/client/versions");
    await logged("/_matrix/client/versions");
    expect(found(synapseLog.sends)).toHaveLength(before);
  });

  /** A request by hand, because clients encode such paths. */
  const ask = (path: string) =>
    new Promise<void>((done, reject) => {
      const { hostname, port } = new URL(synapse.url);
      const socket = connect(Number(port), hostname);
      socket.once("error", reject).once("close", () => done());
      socket.once("data", () => socket.end());
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    });
});
