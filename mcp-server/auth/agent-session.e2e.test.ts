import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith } from "../../test/jest/describe-if.ts";
import { close, listen } from "../../tools/servers/listening.ts";
import { type Moto, startMoto } from "../../tools/servers/moto.ts";
import { type AgentCredentials, agentSession } from "./agent-session.ts";

// Moto's Cognito checks passwords, refresh tokens and their secret hashes.
describeWith("moto")("the agent's sign-in", () => {
  let moto: Moto;
  let front: Front;
  let cognito: CognitoIdentityProviderClient;
  let credentials: AgentCredentials;
  let poolId: string;

  beforeAll(async () => {
    moto = await startMoto();
    front = await startFront(moto.port);
    cognito = client(front.url);
    const pool = await cognito.send(new CreateUserPoolCommand({ PoolName: "phenom" }));
    poolId = String(pool.UserPool?.Id);
    const app = await cognito.send(
      new CreateUserPoolClientCommand({
        UserPoolId: poolId,
        ClientName: "agent",
        GenerateSecret: true,
        ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      }),
    );
    credentials = {
      region: "us-east-1",
      clientId: String(app.UserPoolClient?.ClientId),
      clientSecret: String(app.UserPoolClient?.ClientSecret),
      username: "agent",
      password: "Correct-Horse-1",
    };
    front.demand(credentials.clientSecret);
    const user = { UserPoolId: poolId, Username: "agent" };
    await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
    await cognito.send(
      new AdminSetUserPasswordCommand({ ...user, Password: credentials.password, Permanent: true }),
    );
  });
  afterAll(async () => {
    await front?.stop();
    await moto?.stop();
  });
  beforeEach(() => front.reset());

  /** A session on a clock that the test moves. */
  function session(overrides: Partial<AgentCredentials> = {}) {
    let offset = 0;
    const made = agentSession({ ...credentials, ...overrides }, () => Date.now() + offset, client(front.url));
    return {
      ...made,
      pass: (minutes: number) => {
        offset += minutes * 60_000;
      },
    };
  }

  it("gives an ID token and the account's sub, and keeps them", async () => {
    const agent = session();
    const first = await agent.identity();
    expect(first.userId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await agent.identity()).toEqual(first);
    expect(front.flows()).toEqual(["USER_PASSWORD_AUTH"]);
    expect(agent.problem()).toBeUndefined();
  });

  it("happens once, however many calls wait for it", async () => {
    const agent = session();
    const all = await Promise.all(Array.from({ length: 20 }, () => agent.identity()));
    expect(new Set(all.map(({ idToken }) => idToken)).size).toBe(1);
    expect(front.flows()).toHaveLength(1);
  });

  it("is renewed with the refresh token in the last five minutes, and not before", async () => {
    const agent = session();
    await agent.identity();
    agent.pass(54);
    await agent.identity();
    expect(front.flows()).toEqual(["USER_PASSWORD_AUTH"]);
    agent.pass(2);
    await agent.identity();
    expect(front.flows()).toEqual(["USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH"]);
  });

  it("uses the password again after the refresh token was revoked", async () => {
    const agent = session();
    await agent.identity();
    await cognito.send(new AdminUserGlobalSignOutCommand({ UserPoolId: poolId, Username: "agent" }));
    front.reset();
    agent.pass(57);
    await agent.identity();
    expect(front.flows()).toEqual(["REFRESH_TOKEN_AUTH", "USER_PASSWORD_AUTH"]);
  });

  it("reports a wrong password or secret without showing it, and does not try again for a minute", async () => {
    for (const wrong of [{ password: "Wrong-Horse-1" }, { clientSecret: "wrong" }]) {
      front.reset();
      const agent = session(wrong);
      const failure = agent.identity();
      await expect(failure).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 60_000 });
      await expect(failure).rejects.not.toThrow(Object.values(wrong)[0]);
      await expect(agent.identity()).rejects.toThrow("AGENT_PASSWORD");
      expect(front.flows()).toHaveLength(1);
      expect(agent.problem()).toBe("agent_sign_in_refused");
      agent.pass(1.1);
      await expect(agent.identity()).rejects.toThrow();
      expect(front.flows()).toHaveLength(2);
    }
  });

  it("waits longer after each throttled attempt, and recovers", async () => {
    const agent = session();
    front.throttle(true);
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      const error: unknown = await agent.identity().catch((thrown: unknown) => thrown);
      if (typeof error === "object" && error !== null && "retryAfterMs" in error)
        waits.push(Number(error.retryAfterMs));
      agent.pass(1.1);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect(agent.problem()).toBe("agent_sign_in_throttled");
    front.throttle(false);
    await agent.identity();
    expect(agent.problem()).toBeUndefined();
  });

  it("keeps a valid token while it cannot be renewed, and stops when it has expired", async () => {
    const agent = session();
    const { idToken } = await agent.identity();
    front.throttle(true);
    agent.pass(57);
    expect((await agent.identity()).idToken).toBe(idToken);
    agent.pass(4);
    await expect(agent.identity()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("happens again after a token was refused", async () => {
    const agent = session();
    const { idToken } = await agent.identity();
    agent.forget("another");
    await agent.identity();
    expect(front.flows()).toHaveLength(1);
    agent.forget(idToken);
    await agent.identity();
    expect(front.flows()).toHaveLength(2);
  });
});

const client = (endpoint: string) =>
  new CognitoIdentityProviderClient({
    endpoint,
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });

const signInSchema = z.object({
  ClientId: z.string(),
  AuthParameters: z.object({ USERNAME: z.string(), SECRET_HASH: z.string() }),
});

interface Front {
  readonly url: string;
  /** The sign-ins that came through, by their flow. */
  flows(): string[];
  throttle(on: boolean): void;
  /** The secret that a client's secret hashes have to be made with. */
  demand(clientSecret: string): void;
  reset(): void;
  stop(): Promise<void>;
}

/**
 * Stands before moto and does what Cognito does and moto does not: throttles, and checks the secret hash of a
 * sign-in with a password (moto checks it with a refresh token only).
 */
async function startFront(port: number): Promise<Front> {
  let flows: string[] = [];
  let throttled = false;
  let secret: string | undefined;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const flow = /"AuthFlow":"(\w+)"/.exec(body)?.[1];
    if (flow) flows.push(flow);
    const refuse = (type: string, message: string) =>
      response.writeHead(400, { "x-amzn-errortype": type }).end(JSON.stringify({ __type: type, message }));
    if (flow && throttled) return refuse("TooManyRequestsException", "Rate exceeded");
    if (flow === "USER_PASSWORD_AUTH" && secret !== undefined) {
      const { AuthParameters: given, ClientId } = signInSchema.parse(JSON.parse(body));
      const hash = createHmac("sha256", secret)
        .update(given.USERNAME + ClientId)
        .digest("base64");
      if (given.SECRET_HASH !== hash)
        return refuse("NotAuthorizedException", `Unable to verify secret hash for client ${ClientId}`);
    }
    const forwarded = await fetch(`http://127.0.0.1:${port}`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": String(request.headers["x-amz-target"]),
        ...(request.headers.authorization && { authorization: request.headers.authorization }),
      },
    });
    const type = forwarded.headers.get("x-amzn-errortype");
    response.writeHead(forwarded.status, type ? { "x-amzn-errortype": type } : {});
    return response.end(await forwarded.text());
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    flows: () => flows,
    throttle(on) {
      throttled = on;
    },
    demand(clientSecret) {
      secret = clientSecret;
    },
    reset() {
      flows = [];
      throttled = false;
    },
    stop: () => close(server),
  };
}
