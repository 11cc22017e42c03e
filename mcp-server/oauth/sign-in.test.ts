import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { Browser } from "../../test/mcp-server/browser.ts";
import { OAuthClient, parameter } from "../../test/mcp-server/oauth-client.ts";
import { type SignInService, startSignInService } from "../../test/mcp-server/sign-in-service.ts";
import { postgresBackend } from "../backends/postgres.ts";

const ann = { username: "ann", email: "ann@example.org", groups: ["agent"] };
/** Nothing here calls a tool that reads the chat. */
const backend = () =>
  postgresBackend({ connection: { host: "127.0.0.1", port: 1, user: "nobody" }, agentUserId: "agent" });

let service: SignInService;
let origin: string;
beforeAll(async () => {
  service = await startSignInService(backend());
  origin = service.publicUrl.origin;
});
afterAll(() => service?.stop());

const json = async (path: string) =>
  z.record(z.string(), z.unknown()).parse(await (await fetch(`${origin}${path}`)).json());
const listTools = (accessToken: unknown) =>
  service.post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, { authorization: `Bearer ${accessToken}` });

/** A whole sign-in. @returns the client, its id, and the token endpoint's answer */
async function signedIn(user = ann, client = new OAuthClient(origin)) {
  const clientId = await client.register();
  const back = await new Browser().signIn(client.authorizeUrl(clientId), service.pool.cognito, user);
  const answer = await client.exchange(clientId, parameter(back, "code"));
  return { client, clientId, back, answer };
}

describe("the metadata", () => {
  it("names this server as issuer, with every endpoint below the paths that the load balancer sends here", async () => {
    const metadata = await json("/.well-known/oauth-authorization-server");
    expect(metadata).toMatchObject({
      issuer: origin,
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
    const endpoints = Object.entries(metadata).filter(([name]) => name.endsWith("_endpoint"));
    expect(endpoints.map(([name]) => name).sort()).toEqual([
      "authorization_endpoint",
      "registration_endpoint",
      "revocation_endpoint",
      "token_endpoint",
    ]);
    for (const [, url] of endpoints) expect(url).toMatch(new RegExp(`^${origin}/mcp/oauth/`));
  });

  it("asks for no ID token, which would name another issuer", async () => {
    for (const path of [
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-protected-resource/mcp",
    ])
      expect((await json(path)).scopes_supported).toEqual(["chat"]);
  });
});

describe("a person's sign-in", () => {
  it("ends with Cognito's access token, which opens the tools", async () => {
    const { back, answer } = await signedIn();
    expect(back).toMatch(/^http:\/\/127\.0\.0\.1:41000\/callback\?/);
    expect(parameter(back, "state")).toBe("the-client's-own-state");
    expect(parameter(back, "iss")).toBe(origin);
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: "Bearer", expires_in: 3600, scope: "chat", refresh_token: expect.any(String) },
    });
    expect(answer.body).not.toHaveProperty("id_token");
    expect((await listTools(answer.body["access_token"])).status).toBe(200);
  });

  it("of somebody without a group ends in a text that says whom to ask, and in no second sign-in", async () => {
    const { answer } = await signedIn({ ...ann, username: "eve", groups: [] });
    const refused = await listTools(answer.body["access_token"]);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toBeNull();
    expect(await refused.text()).toContain("Ask an administrator of the chat to add you to one");
  });

  it("is refreshed with a refresh token that works once, until it is revoked", async () => {
    const { client, clientId, answer } = await signedIn();
    const refresh = (refresh_token: unknown) =>
      client.form("token", {
        grant_type: "refresh_token",
        client_id: clientId,
        refresh_token: String(refresh_token),
      });
    const first = await refresh(answer.body["refresh_token"]);
    expect((await listTools(first.body["access_token"])).status).toBe(200);
    const second = await refresh(first.body["refresh_token"]);
    expect(second.status).toBe(200);
    expect(await refresh(first.body["refresh_token"])).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });

    const token = String(second.body["refresh_token"]);
    expect(await client.form("revoke", { client_id: clientId, token })).toMatchObject({ status: 200 });
    expect(await refresh(token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("tells a client that wants to revoke an access token that this can't be done", async () => {
    const { client, clientId, answer } = await signedIn();
    const token = String(answer.body["access_token"]);
    expect(await client.form("revoke", { client_id: clientId, token })).toMatchObject({
      status: 400,
      body: { error: "unsupported_token_type" },
    });
    expect((await client.form("revoke", { client_id: clientId, token: "nothing" })).status).toBe(200);
  });

  it("tells the client if the person cancels, here or at Cognito", async () => {
    const client = new OAuthClient(origin);
    const browser = new Browser();
    const { Cancel = "", "Continue to sign in": next = "" } = await browser.consent(
      client.authorizeUrl(await client.register()),
    );
    const state = parameter(next, "state");
    const atCognito = await browser.open(
      `${origin}/mcp/oauth/callback?${new URLSearchParams({ error: "access_denied", state })}`,
    );
    for (const back of [Cancel, atCognito.headers.get("location") ?? ""]) {
      expect(back).toMatch(/^http:\/\/127\.0\.0\.1:41000\/callback\?/);
      expect(parameter(back, "error")).toBe("access_denied");
      expect(parameter(back, "state")).toBe("the-client's-own-state");
      expect(parameter(back, "iss")).toBe(origin);
    }
  });

  it("works on any port of the client's own computer, whatever port it registered", async () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const client = new OAuthClient(origin, `http://${host}/callback`);
      const clientId = await client.register();
      const redirect_uri = `http://${host}:53117/callback`;
      const back = await new Browser().signIn(
        client.authorizeUrl(clientId, { redirect_uri }),
        service.pool.cognito,
        ann,
      );
      expect(back).toContain(`${redirect_uri}?`);
      expect(await client.exchange(clientId, parameter(back, "code"), { redirect_uri })).toMatchObject({
        status: 200,
      });
    }
  });

  it("works with the schemes of desktop programs", async () => {
    for (const uri of ["cursor://anysphere.cursor-mcp/oauth/callback", "com.example.app:/callback"]) {
      const { back, answer } = await signedIn(ann, new OAuthClient(origin, uri));
      expect(back).toContain(`${uri}?`);
      expect(answer.status).toBe(200);
    }
  });

  it("goes on with another task, which has a newer key", async () => {
    const other = await startSignInService(
      backend(),
      {
        SIGN_IN_KEY: "a newer secret of the tests that nobody guesses",
        SIGN_IN_PREVIOUS_KEY: "a secret of the tests that nobody guesses",
        PUBLIC_URL: origin,
      },
      { pool: service.pool },
    );
    try {
      const client = new OAuthClient(origin);
      const clientId = await client.register();
      const browser = new Browser();
      const { "Continue to sign in": next = "" } = await browser.consent(client.authorizeUrl(clientId));
      const elsewhere = (url: string) => url.replace(origin, `http://127.0.0.1:${other.port}`);
      const back = await browser.open(elsewhere(service.pool.cognito.signIn(next, ann)));
      const code = parameter(back.headers.get("location") ?? "", "code");
      const later = new OAuthClient(`http://127.0.0.1:${other.port}`);
      const answer = await later.exchange(clientId, code, { code_verifier: client.verifier });
      expect(answer).toMatchObject({ status: 200, body: { access_token: expect.any(String) } });
    } finally {
      await other.stop();
    }
  });
});

describe("the consent page", () => {
  const open = async (metadata: object = {}, redirectUri?: string) => {
    const client = new OAuthClient(origin, redirectUri);
    return new Browser().open(client.authorizeUrl(await client.register(metadata)));
  };

  it("names the client, who vouches for it, and where the sign-in goes", async () => {
    const html = await (await open({ client_name: "Claude Code" })).text();
    expect(html).toContain("<h1>Let Claude Code use Phenom Chat?</h1>");
    expect(html).toContain("the program itself; nobody has checked it");
    expect(html).toContain("a program on this computer, at 127.0.0.1:41000");
    expect(await (await open({}, "https://agents.example.com/back")).text()).toContain(
      "the website agents.example.com",
    );
  });

  it("has a language, a title, one main heading and links with text, and needs no script", async () => {
    const html = await (await open()).text();
    expect(html).toContain('<html lang="en">');
    expect(html).toMatch(/<title>Let Test client use Phenom Chat\?<\/title>/);
    expect(html.match(/<h1>/g)).toHaveLength(1);
    expect(html).toContain("<main>");
    expect(html).not.toMatch(/<script|<form|style=|onclick/);
  });

  it("can't be framed, runs nothing and is not kept", async () => {
    const { headers } = await open();
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("set-cookie")).toMatch(
      /^__Host-[\w-]+=[\w-]{43}; Path=\/; .*Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  it("cuts a long name between two characters", async () => {
    const html = await (await open({ client_name: `x${"😀".repeat(100)}` })).text();
    expect(html).toContain(`<h1>Let x${"😀".repeat(59)} use Phenom Chat?</h1>`);
  });

  it("shows a name as text only, without invisible characters", async () => {
    const html = await (await open({ client_name: "<script>alert(1)</script>\u202eevil\u0000" })).text();
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;evil");
    expect(html).not.toContain("<script>");
  });
});
