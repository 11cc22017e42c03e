import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { DatabaseError } from "pg";
import { eventually } from "../../test/jest/eventually.ts";
import {
  databaseSecretArn,
  type ProvisionerWorld,
  signIn,
  startProvisionerWorld,
} from "../../test/lambdas/provisioner.ts";
import { postAuthenticationEvent, sub } from "../../tools/servers/cognito-events.ts";
import type { LambdaProcess } from "../../tools/servers/lambda.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";

let world: ProvisionerWorld;
let lambda: LambdaProcess;
beforeAll(async () => {
  world = await startProvisionerWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.reset();
  await lambda?.stop();
  lambda = world.start();
});

/** Milliseconds after which Cognito refuses a sign-in whose trigger has not answered. */
const COGNITO_LIMIT_MS = 5000;

const outcome = () => lambda.logs.at(-1)?.["Outcome"];
/** The error that the line before the last one holds. */
const error = () => JSON.stringify(lambda.logs.at(-2)?.["error"]);
const isMember = async () => "Phenom Community" in (await world.state()).members;
describe("the connection", () => {
  it("is one of the provisioner's own role by TLS, is kept between sign-ins, and each costs one round trip", async () => {
    await signIn(lambda);
    world.proxy.turns.length = 0;
    await signIn(lambda, { name: "Ann" });
    expect(world.proxy.turns).toEqual(["up", "down"]);
    expect(world.proxy.connections).toBe(1);
    expect(world.aws.calls.filter((call) => call === "GetSecretValue")).toHaveLength(1);
    const { rows } = await world.administrator.query(
      `select usename, ssl from pg_stat_activity join pg_stat_ssl using (pid)
        where application_name = 'chat-user-provisioner'`,
    );
    expect(rows).toEqual([{ usename: "chat_user_provisioner", ssl: true }]);
  });

  it("is replaced after the server closed it", async () => {
    await signIn(lambda);
    await world.endConnections();
    await signIn(lambda, { name: "Ann" });
    expect((await world.state()).user).toMatchObject({ display_name: "Ann" });
    expect(outcome()).toBe("provisioned");
  });

  it("is replaced after a second if it no longer answers", async () => {
    await signIn(lambda);
    world.proxy.freeze();
    await signIn(lambda, { name: "Ann" });
    expect((await world.state()).user).toMatchObject({ display_name: "Ann" });
    expect(outcome()).toBe("provisioned");
    expect(world.proxy.connections).toBe(2);
  });

  it("is refused to a server whose certificate is signed by another authority", async () => {
    await lambda.stop();
    lambda = world.start({ DATABASE_CA_FILE: "/etc/ssl/certs/ca-certificates.crt" });
    await signIn(lambda);
    expect(outcome()).toBe("failed");
    expect(error()).toMatch(/certificate|ENOENT/);
    expect(await isMember()).toBe(false);
  });
});

describe("the sign-in succeeds, and the next one repairs the data, when the database", () => {
  it("is down and comes back", async () => {
    await signIn(lambda);
    await world.server.pause();
    try {
      await signIn(lambda, { name: "Ann" });
      expect(lambda.logs.at(-1)).toMatchObject({ level: "ERROR", Outcome: "failed", userId: sub });
    } finally {
      await world.server.resume();
    }
    await signIn(lambda, { name: "Ann" });
    expect((await world.state()).user).toMatchObject({ display_name: "Ann" });
  });

  it("closes every connection", async () => {
    world.proxy.mode = "refuse";
    await signIn(lambda);
    expect(outcome()).toBe("failed");
    world.proxy.mode = "pass";
    await signIn(lambda);
    expect(await isMember()).toBe(true);
  });

  it("does not answer in time", async () => {
    world.proxy.mode = "silent";
    await signIn(lambda);
    expect(outcome()).toBe("failed");
    expect(error()).toContain("not done within 3000 ms");
    expect(Number(lambda.logs.at(-1)?.["Duration"])).toBeLessThan(COGNITO_LIMIT_MS);
    world.proxy.mode = "pass";
    await signIn(lambda);
    expect(await isMember()).toBe(true);
  });

  it("does not answer several times: then it is left alone, and sign-ins are quick", async () => {
    world.proxy.mode = "refuse";
    for (let n = 0; n < 3; n++) await signIn(lambda);
    expect(outcome()).toBe("failed");
    const { connections } = world.proxy;
    await signIn(lambda);
    expect(lambda.logs.at(-1)).toMatchObject({ level: "WARN", Outcome: "postponed" });
    expect(world.proxy.connections).toBe(connections);
    world.proxy.mode = "pass";
  });

  it("waits for a lock, whose statement is cancelled in time", async () => {
    await signIn(lambda);
    const holder = await world.database.connect();
    await holder.query("begin");
    await holder.query("lock table users");
    await signIn(lambda, { name: "Ann" });
    expect(outcome()).toBe("failed");
    expect(Number(lambda.logs.at(-1)?.["Duration"])).toBeLessThan(COGNITO_LIMIT_MS);
    await eventually(
      async () => expect((await holder.query("select from pg_locks where not granted")).rowCount).toBe(0),
      {
        timeout: 5000,
      },
    );
    await holder.query("rollback");
    holder.release();
    await signIn(lambda, { name: "Ann" });
    expect((await world.state()).user).toMatchObject({ display_name: "Ann" });
  });

  it("refuses the statement, which keeps the connection open", async () => {
    await signIn(lambda);
    await world.database.query("truncate chat_members");
    await world.database.query("revoke insert on chat_members from chat_user_provisioner");
    try {
      await signIn(lambda);
      expect(outcome()).toBe("failed");
      expect(lambda.logs.at(-2)).toMatchObject({
        step: "memberships",
        code: "42501",
        reason: expect.stringContaining("permission denied"),
      });
    } finally {
      await world.database.query(
        "grant insert (room_id, user_id, role) on chat_members to chat_user_provisioner",
      );
    }
    await signIn(lambda);
    expect(outcome()).toBe("provisioned");
    expect(world.proxy.connections).toBe(1);
  });
});

describe("the secret", () => {
  it("is read again once after the password was rotated and the connection closed", async () => {
    await signIn(lambda);
    await world.setPassword("second password");
    await world.endConnections();
    await signIn(lambda, { name: "Ann" });
    expect((await world.state()).user).toMatchObject({ display_name: "Ann" });
    expect(world.aws.calls.filter((call) => call === "GetSecretValue")).toHaveLength(2);
  });

  it("with a wrong password is tried once per sign-in, and works once it is right", async () => {
    await world.setPassword("second password", { inSecret: false });
    await signIn(lambda);
    expect(error()).toContain('"28P01"');
    expect(world.proxy.connections).toBe(1);
    await world.setPassword("second password");
    await signIn(lambda);
    expect(await isMember()).toBe(true);
  });

  it("that is missing, no JSON or without the password keeps nobody from signing in and is never logged", async () => {
    for (const text of [undefined, "chat_user_provisioner:hunter2", '{"username":"hunter2"}']) {
      if (text === undefined) world.aws.secrets.delete(databaseSecretArn);
      else world.aws.secrets.set(databaseSecretArn, text);
      await signIn(lambda);
      expect([text, outcome()]).toEqual([text, "failed"]);
    }
    expect(lambda.output.join("")).not.toContain("hunter2");
  });
});

it("the database's circuit breaker opens after three failures in a row, and one call closes it after half a minute", async () => {
  let now = 0;
  const breaker = new CircuitBreaker(() => now);
  const fail = () => breaker.run(() => Promise.reject(new Error("down"))).catch(() => {});
  const refuse = () =>
    breaker
      .run(() => Promise.reject(Object.assign(new DatabaseError("no", 2, "error"), { severity: "ERROR" })))
      .catch(() => {});
  await fail();
  await fail();
  await refuse();
  await fail();
  await fail();
  expect(breaker.isOpen).toBe(false);
  await fail();
  expect(breaker.isOpen).toBe(true);
  now = 30_000;
  expect(breaker.isOpen).toBe(false);
  await fail();
  expect(breaker.isOpen).toBe(true);
  now = 60_000;
  await breaker.run(async () => "up");
  await fail();
  expect(breaker.isOpen).toBe(false);
});

it("a wrong configuration is reported with all mistakes and keeps nobody from signing in", async () => {
  await lambda.stop();
  lambda = world.start({ DATABASE_HOST: "", DATABASE_PORT: "70000", DATABASE_SECRET_ARN: "pass-word" });
  await signIn(lambda);
  expect(outcome()).toBe("failed");
  expect(error()).toMatch(
    /DATABASE_HOST is not set.*DATABASE_PORT = .*70000.*: must be a port.*DATABASE_SECRET_ARN = \*{4}: must be the ARN/,
  );
  expect(error()).not.toContain("pass-word");
});

it("an event without what the provisioner needs is returned unchanged, and nothing is written", async () => {
  for (const event of [
    {},
    { ...postAuthenticationEvent(), request: {} },
    postAuthenticationEvent({ sub: undefined }),
    postAuthenticationEvent({ sub: "" }),
    { ...postAuthenticationEvent(), request: { userAttributes: { sub: {} } } },
    { ...postAuthenticationEvent(), userName: undefined },
  ]) {
    const sent = JSON.parse(JSON.stringify(event));
    expect(await lambda.invoke(sent)).toEqual(sent);
    expect([sent, lambda.logs.at(-1)]).toMatchObject([sent, { level: "ERROR", Outcome: "malformed" }]);
  }
  expect(lambda.logs).toHaveLength(6);
  expect((await world.database.query("select from users")).rowCount).toBe(0);
});

it("the log holds the user's id, outcomes and latencies, and no other personal data", async () => {
  await signIn(lambda, { name: "Ann Example", preferred_username: "ann-e", picture: "https://a.example/p" });
  expect(lambda.logs.at(-1)).toMatchObject({
    userId: sub,
    GroupsDuration: expect.any(Number),
    DatabaseDuration: expect.any(Number),
    Duration: expect.any(Number),
  });
  expect(lambda.output.join("")).not.toMatch(/ann|a\.example|first password/i);
});
