import type { RequestListener } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeWith } from "../../test/jest/describe-if.ts";
import { Browser, links } from "../../test/mcp-server/browser.ts";
import { type DocumentSite, startDocumentSite } from "../../test/mcp-server/document-site.ts";
import { OAuthClient, parameter } from "../../test/mcp-server/oauth-client.ts";
import { type SignInService, startSignInService } from "../../test/mcp-server/sign-in-service.ts";
import { postgresBackend } from "../backends/postgres.ts";
import { createSealer } from "./seal.ts";

const ann = { username: "ann", email: "ann@example.org", groups: ["agent"] };
const mallory = { username: "mallory", email: "mallory@example.org" };
const backend = () =>
  postgresBackend({ connection: { host: "127.0.0.1", port: 1, user: "nobody" }, agentUserId: "agent" });

let service: SignInService;
let origin: string;
beforeAll(async () => {
  service = await startSignInService(backend());
  origin = service.publicUrl.origin;
});
afterAll(() => service?.stop());

const callbackUrl = (parameters: Record<string, string>) =>
  `${origin}/mcp/oauth/callback?${new URLSearchParams(parameters)}`;
const signIn = (url: string, user = ann) => new Browser().signIn(url, service.pool.cognito, user);
const exchanges = () => service.pool.asked.filter((request) => request === "POST /oauth2/token").length;

describe("a foreign redirect", () => {
  it.each([
    ["of another host", "https://evil.example/callback"],
    ["of another path", "https://agents.example.com/other"],
    ["of another port, on a host that is not loopback", "https://agents.example.com:8443/callback"],
    ["with a query more", "https://agents.example.com/callback?next=https://evil.example"],
    ["with a user in front of another host", "https://agents.example.com@evil.example/callback"],
    ["of a host that only begins the same", "https://agents.example.com.evil.example/callback"],
    ["without TLS", "http://agents.example.com/callback"],
    ["of a script", "javascript:alert(1)"],
    ["that is missing", undefined],
  ])("%s is refused on a page that leads nowhere", async (_, redirect_uri) => {
    const client = new OAuthClient(origin, "https://agents.example.com/callback");
    const url = client.authorizeUrl(await client.register(), { redirect_uri });
    const response = await new Browser().open(url);
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
    expect(links(await response.text())).toEqual({});
  });

  it("to another name of loopback is refused, because another program may listen there", async () => {
    const client = new OAuthClient(origin, "http://127.0.0.1:1234/callback");
    const url = client.authorizeUrl(await client.register(), {
      redirect_uri: "http://localhost:1234/callback",
    });
    expect((await new Browser().open(url)).status).toBe(400);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,hello",
    "file:///etc/passwd",
    "http://evil.example/callback",
    "http://127.0.0.1.evil.example/callback",
    "ms-msdt:/id",
    "https://user:password@evil.example/",
    "https://agents.example.com/#fragment",
    "/callback",
  ])("%s can't be registered", async (uri) => {
    const client = new OAuthClient(origin);
    expect(await client.json("register", { redirect_uris: [uri] })).toMatchObject({
      status: 400,
      body: { error: "invalid_redirect_uri", error_description: expect.stringContaining(uri) },
    });
  });
});

describe("an open redirect", () => {
  it("is none: a wrong request of a registered client shows a page and waits for the person", async () => {
    const client = new OAuthClient(origin, "https://evil.example/phishing");
    const clientId = await client.register();
    for (const change of [
      { response_type: "token" },
      { code_challenge: undefined },
      { code_challenge_method: "plain" },
      { resource: "https://elsewhere.example/mcp" },
    ]) {
      const response = await new Browser().open(client.authorizeUrl(clientId, change));
      expect([response.status, response.headers.get("location")]).toEqual([400, null]);
      const [back = ""] = Object.values(links(await response.text()));
      expect(back).toMatch(/^https:\/\/evil\.example\/phishing\?error=/);
    }
  });

  it("is none at the callback, whatever its state says", async () => {
    for (const state of [
      "",
      "https://evil.example",
      Buffer.from('{"redirectUri":"https://evil.example"}').toString("base64url"),
    ]) {
      const response = await new Browser().open(callbackUrl({ code: "a-code", state }));
      expect([response.status, response.headers.get("location")]).toEqual([400, null]);
    }
  });
});

describe("a swapped state", () => {
  it("of a sign-in that the attacker began does not bring a victim's sign-in to the attacker", async () => {
    const client = new OAuthClient(origin, "https://evil.example/callback");
    const { "Continue to sign in": next = "" } = await new Browser().consent(
      client.authorizeUrl(await client.register()),
    );
    // The victim's browser never showed the consent page.
    const victim = new Browser();
    const response = await victim.open(service.pool.cognito.signIn(next, ann));
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
    expect(await response.text()).toContain("started in another browser");

    // Nor does it help that the victim has a sign-in of their own under way.
    await victim.consent(client.authorizeUrl(await client.register()));
    expect((await victim.open(service.pool.cognito.signIn(next, ann))).status).toBe(400);
  });

  it("does not bring the attacker's own Cognito code into a victim's client", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const victim = new Browser();
    const { "Continue to sign in": next = "" } = await victim.consent(client.authorizeUrl(clientId));
    const { "Continue to sign in": other = "" } = await new Browser().consent(client.authorizeUrl(clientId));
    const stolen = parameter(service.pool.cognito.signIn(other, mallory), "code");
    const response = await victim.open(callbackUrl({ code: stolen, state: parameter(next, "state") }));
    const code = parameter(response.headers.get("location") ?? "", "code");
    // PKCE towards Cognito: its code belongs to the other sign-in's verifier.
    expect(await client.exchange(clientId, code)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  it("is refused when any of its characters is changed, and when it is older than a sign-in may take", async () => {
    const client = new OAuthClient(origin);
    const browser = new Browser();
    const { "Continue to sign in": next = "" } = await browser.consent(
      client.authorizeUrl(await client.register()),
    );
    const state = parameter(next, "state");
    const sealer = createSealer("a secret of the tests that nobody guesses");
    const expired = await sealer.seal("state", {}, -1);
    for (const changed of [
      `${state.slice(0, 60)}A${state.slice(61)}`,
      `${state}x`,
      state.slice(0, -4),
      expired,
    ]) {
      const response = await browser.open(callbackUrl({ code: "a-code", state: changed }));
      expect(response.status).toBe(400);
    }
  });
});

describe("a code", () => {
  it("works once: a replay gets nothing", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const code = parameter(await signIn(client.authorizeUrl(clientId)), "code");
    expect(await client.exchange(clientId, code)).toMatchObject({ status: 200 });
    expect(await client.exchange(clientId, code)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  it("is worth nothing to a thief: not without the verifier, for another client or with another address", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const code = parameter(await signIn(client.authorizeUrl(clientId)), "code");
    const before = exchanges();
    for (const [id, changes] of [
      [clientId, { code_verifier: new OAuthClient(origin).verifier }],
      [clientId, { redirect_uri: "http://127.0.0.1:41001/callback" }],
      [await client.register(), {}],
    ] as const)
      expect(await client.exchange(id, code, changes)).toMatchObject({
        status: 400,
        body: { error: "invalid_grant" },
      });
    // The code was not used up by this.
    expect(exchanges()).toBe(before);
    expect(await client.exchange(clientId, code)).toMatchObject({ status: 200 });
  });

  it("is no longer taken after a minute", async () => {
    const sealer = createSealer("a secret of the tests that nobody guesses");
    const client = new OAuthClient(origin);
    const late = await sealer.seal("code", {}, -1);
    expect(await client.exchange(await client.register(), late)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  it("that Cognito issued is refused here", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const { "Continue to sign in": next = "" } = await new Browser().consent(client.authorizeUrl(clientId));
    const raw = parameter(service.pool.cognito.signIn(next, ann), "code");
    expect(await client.exchange(clientId, raw)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });
});

describe("a mix-up", () => {
  it("with another authorisation server shows in every answer's iss", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    expect(parameter(await signIn(client.authorizeUrl(clientId)), "iss")).toBe(origin);
    const { Cancel = "" } = await new Browser().consent(client.authorizeUrl(clientId));
    expect(parameter(Cancel, "iss")).toBe(origin);
  });

  it("with another resource is refused at both endpoints", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const resource = "https://elsewhere.example/mcp";
    expect((await new Browser().open(client.authorizeUrl(clientId, { resource }))).status).toBe(400);
    const code = parameter(await signIn(client.authorizeUrl(clientId)), "code");
    expect(await client.exchange(clientId, code, { resource })).toMatchObject({
      status: 400,
      body: { error: "invalid_target" },
    });
  });

  it("of what is sealed for different uses is refused", async () => {
    const client = new OAuthClient(origin);
    const clientId = await client.register();
    const code = parameter(await signIn(client.authorizeUrl(clientId)), "code");
    const { body } = await client.exchange(clientId, code);
    const refresh = String(body["refresh_token"]);
    expect((await new Browser().open(client.authorizeUrl(refresh))).status).toBe(400);
    expect((await client.exchange(clientId, refresh)).body).toMatchObject({ error: "invalid_grant" });
    for (const refresh_token of [code, clientId])
      expect(
        (await client.form("token", { grant_type: "refresh_token", client_id: clientId, refresh_token }))
          .body,
      ).toMatchObject({ error: "invalid_grant" });
    // No client can use another's refresh token.
    const other = { client_id: await client.register(), refresh_token: refresh };
    expect((await client.form("token", { grant_type: "refresh_token", ...other })).body).toMatchObject({
      error: "invalid_grant",
    });
  });

  it("of parameters that are there twice is refused", async () => {
    const client = new OAuthClient(origin);
    const url = client.authorizeUrl(await client.register());
    for (const twice of ["client_id=other", "redirect_uri=https://evil.example", "code_challenge=other"])
      expect((await new Browser().open(`${url}&${twice}`)).status).toBe(400);
  });
});

describe("a flood", () => {
  it("of registrations is slowed down by address, and stores nothing", async () => {
    const client = new OAuthClient(origin);
    const answers: { status: number; body: Record<string, unknown> }[] = [];
    for (let each = 0; each < 30; each += 1)
      answers.push(await client.json("register", { redirect_uris: [client.redirectUri] }));
    const slowed = answers.filter(({ status }) => status === 429);
    expect(slowed.length).toBeGreaterThan(0);
    expect(slowed[0]?.body).toMatchObject({ error: "slow_down" });
    expect(await new OAuthClient(origin).register()).toEqual(expect.any(String));
  });

  it.each([
    ["with more addresses than a client needs", { redirect_uris: Array(11).fill("http://127.0.0.1/") }],
    ["with an address that is too long", { redirect_uris: [`https://example.com/${"a".repeat(500)}`] }],
    ["without an address", { redirect_uris: [] }],
    ["that is no object", "text"],
    ["that is larger than the limit", "x".repeat(20_000)],
  ])("of a registration %s is refused", async (_, body) => {
    expect((await new OAuthClient(origin).json("register", body)).status).toBeGreaterThanOrEqual(400);
  });

  it("of any text never makes the server fail", async () => {
    const client = new OAuthClient(origin);
    const headers = () => ({ "cf-connecting-ip": String(Math.random()) });
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.string(), async (body, text) => {
        expect((await client.json("register", body, headers())).status).toBeLessThan(500);
        const form = { grant_type: "authorization_code", client_id: text, code: text, redirect_uri: text };
        expect((await client.form("token", { ...form, code_verifier: text })).status).toBeLessThan(500);
      }),
      { numRuns: 20 },
    );
  });
});

describeWith("openssl")("a client's metadata document", () => {
  const ID = "https://client.example.com/oauth/client.json";
  const good = { client_id: ID, client_name: "Example", redirect_uris: ["http://127.0.0.1/callback"] };
  const answers: Record<string, RequestListener> = {
    "/oauth/client.json": (_, response) => void json(response, good),
    "/moved.json": (_, response) => void response.writeHead(302, { location: ID }).end(),
    "/large.json": (_, response) => void json(response, { ...good, padding: "x".repeat(20_000) }),
    "/page.json": (_, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end(JSON.stringify(good)),
    "/other-id.json": (_, response) => void json(response, good),
    "/secret.json": (_, response) =>
      void json(response, {
        ...good,
        client_id: "https://client.example.com/secret.json",
        token_endpoint_auth_method: "client_secret_basic",
      }),
    "/script.json": (_, response) =>
      void json(response, {
        ...good,
        client_id: "https://client.example.com/script.json",
        redirect_uris: ["javascript:alert(1)"],
      }),
  };
  const json = (response: Parameters<RequestListener>[1], content: object) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(content));

  let site: DocumentSite;
  beforeAll(async () => {
    site = await startDocumentSite(["client.example.com"], (request, response) =>
      (answers[request.url ?? ""] ?? ((_, none) => void none.writeHead(404).end()))(request, response),
    );
  });
  afterAll(() => site?.stop());

  /** The server whose names resolve to `address`; loopback is public for it if `allowed`. */
  async function withNames<T>(
    address: string,
    allowed: boolean,
    use: (task: SignInService) => Promise<T>,
  ): Promise<T> {
    const documentAgent = site.agent(address, allowed ? { allowIPAddressList: [address] } : {});
    const task = await startSignInService(
      backend(),
      { PUBLIC_URL: origin },
      { pool: service.pool, documentAgent },
    );
    try {
      return await use(task);
    } finally {
      await task.stop();
    }
  }
  const open = (task: SignInService, clientId: string, redirect_uri = "http://127.0.0.1:5000/callback") => {
    const client = new OAuthClient(`http://127.0.0.1:${task.port}`);
    return new Browser().open(client.authorizeUrl(clientId, { redirect_uri, resource: `${origin}/mcp` }));
  };

  it("identifies a client by its address, which the page names", async () => {
    await withNames("127.0.0.1", true, async (task) => {
      const html = await (await open(task, ID)).text();
      expect(html).toContain("Let Example use Phenom Chat?");
      expect(html).toContain("<dd>client.example.com</dd>");
      expect((await open(task, ID, "https://evil.example/")).status).toBe(400);
    });
  });

  it.each([
    ["that redirects elsewhere", "/moved.json", "its status is 302"],
    ["that is too large", "/large.json", "it has more than 16384 bytes"],
    ["that is a page", "/page.json", "its content type is not application/json"],
    ["that names another client", "/other-id.json", "its client_id is not its address"],
    ["that wants a secret", "/secret.json", "token_endpoint_auth_method: must be none"],
    ["with an address that runs a script", "/script.json", "must begin with https:"],
    ["that is not there", "/none.json", "its status is 404"],
  ])("%s is refused with the reason", async (_, path, reason) => {
    await withNames("127.0.0.1", true, async (task) => {
      const response = await open(task, `https://client.example.com${path}`);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(reason);
    });
  });

  it.each([
    "127.0.0.1",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::ffff:127.0.0.1",
    "fd00:ec2::254",
    "fe80::1",
    "64:ff9b::7f00:1",
  ])("is never fetched where its name leads to %s", async (address) => {
    const before = site.connections;
    await withNames(address, false, async (task) => {
      const response = await open(task, ID);
      expect(response.status).toBe(400);
      // What is on the network is not told.
      expect(await response.text()).toMatch(/its host can&#39;t be reached\./);
    });
    expect(site.connections).toBe(before);
  });

  it.each([
    "https://127.0.0.1/client.json",
    "https://[::1]/client.json",
    "https://2130706433/client.json",
    "https://localhost/client.json",
    "https://client.example.com:8443/client.json",
    "https://user@client.example.com/client.json",
    "https://client.example.com/",
    "https://client.example.com/a/../client.json",
    "https://client.example.com/client.json#fragment",
    "https://CLIENT.example.com/client.json",
  ])("is never fetched from %s", async (id) => {
    const before = site.connections;
    await withNames("127.0.0.1", true, async (task) => expect((await open(task, id)).status).toBe(400));
    expect(site.connections).toBe(before);
  });
});
