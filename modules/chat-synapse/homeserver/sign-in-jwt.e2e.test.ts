import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { describeWithSynapse } from "../../../test/describe-with-synapse.ts";
import { account, matrix, register } from "../../../test/matrix.ts";
import { signInHarness } from "../../../test/synapse-sign-in.ts";
import { type CognitoUser, subject } from "../../../tools/servers/cognito.ts";
import { exampleProps } from "../../../tools/servers/synapse.ts";
import { mobileClientId } from "../../../tools/servers/synapse-user-pool.ts";

const { serverName } = exampleProps;

describeWithSynapse("signing in, by browser or with a Cognito ID token,", () => {
  const harness = signInHarness(({ jwks }) => ({ jwt: { keys: jwks, audiences: [mobileClientId] } }));

  const { byBrowser } = harness;
  const post = (token: unknown) =>
    matrix(harness.url, "POST", "/_matrix/client/v3/login", {
      body: { type: "org.matrix.login.jwt", token },
    });
  const byToken = async (user: CognitoUser) =>
    account(await post(harness.cognito.idToken(user, { audience: mobileClientId })));
  const person = (username: string) => ({
    username,
    sub: randomUUID(),
    email: `${randomUUID()}@example.org`,
  });

  it("leads to one account if the browser comes first", async () => {
    const kim = person("kim");
    const { userId } = await byBrowser(kim);
    expect(userId).toBe(`@${kim.sub}:${serverName}`);
    expect((await byToken(kim)).userId).toBe(userId);
    expect((await byBrowser(kim)).userId).toBe(userId);
  });

  it("leads to one account if the token comes first", async () => {
    const lee = person("lee");
    const { userId } = await byToken(lee);
    expect(userId).toBe(`@${lee.sub}:${serverName}`);
    expect((await byBrowser(lee)).userId).toBe(userId);
    expect((await byToken(lee)).userId).toBe(userId);
  });

  it("never leads to the account that a username names, neither a bot's nor another person's", async () => {
    const password = randomUUID() + randomUUID();
    await register(harness.url, harness.registrationSecret, {
      ...{ username: "phenom-admin", password, admin: true },
    });
    const victim = person("victim");
    await byToken(victim);
    for (const username of ["phenom-admin", victim.sub]) {
      const mallory = person(username);
      expect((await byBrowser(mallory)).userId).toBe(`@${mallory.sub}:${serverName}`);
      expect((await byToken(mallory)).userId).toBe(`@${mallory.sub}:${serverName}`);
    }
  });

  const ivan = { username: "ivan", email: "ivan@example.org" };

  it("gives the Matrix id of the subject", async () => {
    expect((await byToken(ivan)).userId).toBe(`@${subject(ivan)}:${serverName}`);
  });

  it.each([
    ["of another app client", { audience: "another" }],
    [
      "of another user pool",
      { audience: mobileClientId, issuer: "https://cognito-idp.us-east-1.amazonaws.com/x" },
    ],
    ["that has expired", { audience: mobileClientId, expiresIn: -600 }],
  ])("fails with a token %s", async (_, options) => {
    const { status, body } = await post(harness.cognito.idToken(ivan, options));
    expect(status).toBe(403);
    expect(body["errcode"]).toBe("M_FORBIDDEN");
  });

  it("gives the name that the token says, and not the subject", async () => {
    const user = { username: "nora", email: "nora@example.org", name: "No\u200bra" };
    const { userId, accessToken } = await byToken(user);
    const path = `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`;
    const { body } = await matrix(harness.url, "GET", path, { token: accessToken });
    expect(body["displayname"]).toBe("Nora");
  });

  it("is proof enough to remove another device", async () => {
    const user = person("olga");
    const other = await byToken(user);
    const { body } = await matrix(harness.url, "GET", "/_matrix/client/v3/account/whoami", {
      token: other.accessToken,
    });
    const fresh = await byToken(user);
    const device = `/_matrix/client/v3/devices/${String(body["device_id"])}`;
    expect((await matrix(harness.url, "DELETE", device, { token: fresh.accessToken })).status).toBe(200);
    const gone = await matrix(harness.url, "GET", "/_matrix/client/v3/devices", { token: other.accessToken });
    expect(gone.status).toBe(401);
  });

  it("fails with a token that names an unknown key, or with what is no token, and logs no error", async () => {
    const [, payload, signature] = harness.cognito.idToken(ivan, { audience: mobileClientId }).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "RS256", kid: "unknown" })).toString("base64url");
    const before = harness.output().length;
    for (const token of [`${header}.${payload}.${signature}`, "a.b.c", "", 7, ["x"]])
      expect(await post(token)).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    expect(harness.output().slice(before)).not.toContain('"level":"ERROR"');
  });

  it("fails with a token that another key signed", async () => {
    const [header, payload] = harness.cognito.idToken(ivan, { audience: mobileClientId }).split(".");
    expect((await post(`${header}.${payload}.${"A".repeat(342)}`)).status).toBe(403);
  });
});
