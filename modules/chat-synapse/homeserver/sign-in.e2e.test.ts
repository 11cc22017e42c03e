import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import * as z from "zod";
import { IDENTITY_PROVIDER, MOBILE_REDIRECT } from "../../../shared/matrix-names.ts";
import { describeWithSynapse } from "../../../test/describe-with-synapse.ts";
import { anyCharacter } from "../../../test/jest/any-character.ts";
import { itWith } from "../../../test/jest/describe-if.ts";
import { eventually } from "../../../test/jest/eventually.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import {
  account,
  browserSignIn,
  browserSignInAt,
  createRoom,
  matrix,
  register,
  send,
  throughLoadBalancer,
} from "../../../test/matrix.ts";
import { runSamples } from "../../../test/mobile-samples.ts";
import { mobileApp, signInHarness } from "../../../test/synapse-sign-in.ts";
import { type CognitoUser, subject } from "../../../tools/servers/cognito.ts";
import { exampleProps, synapsePython } from "../../../tools/servers/synapse.ts";
import { homeserverConfig } from "./config.ts";

const { serverName, region, cognitoDomainHost } = exampleProps;

describeWithSynapse("signing in", () => {
  /** Notifications that the push gateway was sent. */
  const pushed: unknown[] = [];
  const harness = signInHarness(undefined, {
    "push.thephenom.app": async (request, response) => {
      pushed.push(JSON.parse(await text(request)));
      response.end('{"rejected": []}');
    },
  });

  const whoami = async (token: string) =>
    (await matrix(harness.url, "GET", "/_matrix/client/v3/account/whoami", { token })).body["user_id"];

  it("offers single sign-on with Cognito among the login flows", async () => {
    const { body } = await matrix(harness.url, "GET", "/_matrix/client/v3/login");
    expect(body["flows"]).toContainEqual({
      type: "m.login.sso",
      identity_providers: [expect.objectContaining({ id: IDENTITY_PROVIDER })],
    });
  });

  it("gives an access token and the Matrix id of the Cognito username", async () => {
    const alice = { username: "alice", email: "alice@example.org", name: "Alice Example" };
    const { userId, accessToken } = await harness.byBrowser(alice);
    expect(userId).toBe(`@alice:${serverName}`);
    expect(await whoami(accessToken)).toBe(userId);
    const profile = await matrix(harness.url, "GET", `/_matrix/client/v3/profile/${userId}`, {
      token: accessToken,
    });
    expect(profile.body["displayname"]).toBe("Alice Example");
  });

  it("shows the name that Cognito has now, without what can't be seen, and no name of our own accounts", async () => {
    const shown = async (user: CognitoUser) => {
      const { userId, accessToken } = await harness.byBrowser(user);
      const path = `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`;
      return (await matrix(harness.url, "GET", path, { token: accessToken })).body["displayname"];
    };
    const judy = { sub: randomUUID(), username: "judy", email: "judy@example.org" };
    expect(await shown({ ...judy, name: "Ju\u200bdy" })).toBe("Judy");
    expect(await shown({ ...judy, name: "Judy Smith" })).toBe("Judy Smith");
    // It is kept rather than replaced by what may not be shown.
    expect(await shown({ ...judy, name: "phenom-admin" })).toBe("Judy Smith");
    const called = { email: "heidi@example.org", name: "+49 151 1234567" };
    expect(await shown({ ...called, username: "heidi" })).toBe("heidi");
  });

  it("lets nobody take another name, for one room either", async () => {
    const { userId, accessToken } = await harness.byBrowser({
      ...{ username: "mallory", email: "m@example.org", name: "Mallory" },
    });
    const room = await createRoom(harness.url, { userId, accessToken });
    const member = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/m.room.member/${encodeURIComponent(userId)}`;
    await matrix(harness.url, "PUT", member, {
      token: accessToken,
      body: { membership: "join", displayname: "Phenom Support" },
    });
    const { body } = await matrix(harness.url, "GET", member, { token: accessToken });
    expect(body["displayname"]).toBe("Mallory");
  });

  it("leads to the same account again, even after username and mail address changed", async () => {
    const sub = randomUUID();
    const first = await harness.byBrowser({ sub, username: "erin", email: "erin@example.org" });
    const second = await harness.byBrowser({ sub, username: "erin-new", email: "erin@example.com" });
    expect(second.userId).toBe(first.userId);
  });

  it("stores a mail address only if Cognito says that it is verified, as a string", async () => {
    const addresses = async (user: CognitoUser) => {
      const { accessToken } = await harness.byBrowser(user);
      const { body } = await matrix(harness.url, "GET", "/_matrix/client/v3/account/3pid", {
        token: accessToken,
      });
      return z
        .array(z.object({ address: z.string() }))
        .parse(body["threepids"])
        .map(({ address }) => address);
    };
    expect(await addresses({ username: "verified", email: "v@example.org", emailVerified: true })).toEqual([
      "v@example.org",
    ]);
    expect(await addresses({ username: "claimed", email: "c@example.org", emailVerified: false })).toEqual(
      [],
    );
  });

  describe("with a username", () => {
    const user = (username: string): CognitoUser => ({ username, email: `${randomUUID()}@example.org` });

    it.each([
      ["in capitals gets it in lower case", "Bob.Builder", "bob.builder"],
      ["with digits, dots and dashes gets it as it is", "r2-d2.unit_7", "r2-d2.unit_7"],
    ])("%s", async (_, username, localpart) => {
      expect((await harness.byBrowser(user(username))).userId).toBe(`@${localpart}:${serverName}`);
    });

    it.each([
      ["that is a mail address, which would then be public", "carol@example.org"],
      ["outside ASCII", "zoë"],
      ["of digits alone", "4711"],
      ["that begins with an underscore", "_bridge"],
      ["of 128 characters", "x".repeat(128)],
      ["reserved for our own accounts", "phenom-admin"],
      ["reserved for our own accounts, in capitals", "PHENOM-mcp"],
      ["that is a person's id at Google", "Google_104862793027531896420"],
    ])("%s gets the Cognito subject as its Matrix id", async (_, username) => {
      const person = user(username);
      expect((await harness.byBrowser(person)).userId).toBe(`@${subject(person)}:${serverName}`);
    });

    it("gets a number appended if another person has it in a different case", async () => {
      const [first, second] = [await harness.byBrowser(user("dave")), await harness.byBrowser(user("Dave"))];
      expect(first.userId).toBe(`@dave:${serverName}`);
      expect(second.userId).toBe(`@dave1:${serverName}`);
    });

    it("of a local account does not lead to that account", async () => {
      const password = randomUUID() + randomUUID();
      await register(harness.url, harness.registrationSecret, {
        username: "operator",
        password,
        admin: true,
      });
      expect((await harness.byBrowser(user("operator"))).userId).toBe(`@operator1:${serverName}`);
    });
  });

  it("gives a valid Matrix id that is not reserved, whatever the username", async () => {
    const { config } = homeserverConfig(exampleProps).oidc_providers[0]?.user_mapping_provider ?? {};
    const usernames = fc.sample(
      fc.oneof(
        fc.string({ unit: anyCharacter, maxLength: 128 }),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 128 }),
        fc.string({ unit: fc.constantFrom(..."aZ09._-=/+@"), minLength: 1, maxLength: 128 }),
        fc.string({ maxLength: 20 }).map((end) => `Phenom-${end}`),
      ),
      400,
    );
    const sub = randomUUID();
    const localparts = await renderLocalparts(config, usernames, sub);
    for (const [i, localpart] of localparts.entries()) {
      withMessage(JSON.stringify(usernames[i]), () => expect(localpart).toMatch(/^[a-z0-9._-]{1,64}$/));
      expect(localpart).not.toMatch(/^(_|phenom-)/);
      expect([sub, usernames[i]?.toLowerCase()]).toContain(localpart);
    }
  });

  it("returns to the mobile app at once, to any other address only after a confirmation", async () => {
    const alice = { username: "frank", email: "frank@example.org" };
    const toApp = await browserSignIn(harness.url, serverName, harness.cognito, alice, mobileApp);
    expect(toApp.status).toBe(302);
    expect(toApp.location).toMatch(/^phenomapp:\/\/chat\/sso-callback\?loginToken=/);
    const elsewhere = await browserSignIn(harness.url, serverName, harness.cognito, alice, {
      ...mobileApp,
      redirectUrl: "https://evil.example/",
    });
    expect(elsewhere.status).toBe(200);
    expect(elsewhere.location).toBe("");
    expect(elsewhere.text).toContain("evil.example");
  });

  it("fails with another browser session or a used code", async () => {
    const start = await throughLoadBalancer(
      harness.url,
      serverName,
      `/_matrix/client/v3/login/sso/redirect/${IDENTITY_PROVIDER}?redirectUrl=${encodeURIComponent(MOBILE_REDIRECT)}`,
    );
    const callback = new URL(
      harness.cognito.signIn(start.location, { username: "grace", email: "g@example.org" }),
    );
    const arrive = (cookies: string) =>
      throughLoadBalancer(harness.url, serverName, `${callback.pathname}${callback.search}`, cookies);
    expect((await arrive("")).status).toBe(400);
    expect((await arrive(start.cookies)).status).toBe(302);
    expect((await arrive(start.cookies)).status).toBeGreaterThanOrEqual(400);
  });

  it("sends the hosted domain only the request that exchanges the code, and nothing to other hosts", () => {
    expect(new Set(harness.asked)).toEqual(
      new Set([`cognito-idp.${region}.amazonaws.com`, cognitoDomainHost]),
    );
  });

  it("works with a password for accounts made with the shared secret, and registration is closed", async () => {
    const password = randomUUID() + randomUUID();
    const made = await register(harness.url, harness.registrationSecret, {
      username: "phenom-mcp",
      password,
    });
    expect(account(made).userId).toBe(`@phenom-mcp:${serverName}`);
    const login = await matrix(harness.url, "POST", "/_matrix/client/v3/login", {
      body: { type: "m.login.password", identifier: { type: "m.id.user", user: "phenom-mcp" }, password },
    });
    expect(account(login).userId).toBe(`@phenom-mcp:${serverName}`);

    const wrong = await register(harness.url, "wrong secret", { username: "mallory", password });
    expect(wrong.status).toBe(403);
    const open = await matrix(harness.url, "POST", "/_matrix/client/v3/register", {
      body: { username: "mallory", password, auth: { type: "m.login.dummy" } },
    });
    expect(open).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
  });

  itWith("matrix-sdk", "node22")("works as the samples for the app's developers show it", async () => {
    const newAccount = async (username: string, admin = false) =>
      account(
        await register(harness.url, harness.registrationSecret, {
          ...{ username, password: randomUUID() + randomUUID(), admin },
        }),
      );
    const admin = await newAccount("phenom-admin", true);
    const asAdmin = async (path: string) =>
      (await matrix(harness.url, "GET", `/_synapse/admin${path}`, { token: admin.accessToken })).body;
    const community = await createRoom(harness.url, admin, {
      ...{ room_alias_name: "community", preset: "public_chat" },
    });
    // Both join by themselves, because the room is there.
    const bob = await newAccount("bob");
    const alice = { username: "alice-mobile", email: "alice-mobile@example.org" };
    const aliceId = `@alice-mobile:${serverName}`;

    const opened: string[] = [];
    const shown: string[] = [];
    const signOutUrl = `https://${cognitoDomainHost}/logout?client_id=${exampleProps.oidcClientId}`;
    const chatConfig = {
      synapse: { homeserverUrl: harness.url, serverName },
      cognito: { signOutUrl },
    };
    const messages = async () =>
      z
        .array(z.looseObject({ event_id: z.string(), sender: z.string(), content: z.unknown() }))
        .parse(
          (
            await matrix(
              harness.url,
              "GET",
              `/_matrix/client/v3/rooms/${encodeURIComponent(community)}/messages?dir=b&limit=50`,
              { token: bob.accessToken },
            )
          ).body["chunk"],
        );

    await runSamples(
      { chatConfig, deviceId: "PHONE", deviceToken: "token of the device" },
      {
        async openBrowser(url) {
          opened.push(url);
          if (!url.startsWith(harness.url)) return "phenomapp://chat/signed-out";
          const path = url.slice(harness.url.length);
          return (await browserSignInAt(harness.url, serverName, harness.cognito, alice, path)).location;
        },
        showMessage(sender, body) {
          shown.push(`${sender} ${body}`);
        },
        async sampleEnded(sample) {
          if (sample.includes("startClient")) {
            await send(harness.url, bob, community, "hello Alice");
            await eventually(() => expect(shown).toContain(`${bob.userId} hello Alice`));
          }
          if (sample.includes("txnId"))
            expect(await messages()).toContainEqual(
              expect.objectContaining({
                sender: aliceId,
                content: { msgtype: "m.text", body: "Look: https://thephenom.app/phenom/abc" },
              }),
            );
          if (sample.includes("redactEvent"))
            expect((await messages()).filter(({ sender }) => sender === aliceId)).toContainEqual(
              expect.objectContaining({ content: {} }),
            );
          if (sample.includes("setPusher")) {
            // Community notifies of mentions only, without a rule of Alice's.
            await send(harness.url, bob, community, "hello everybody");
            await matrix(
              harness.url,
              "PUT",
              `/_matrix/client/v3/rooms/${encodeURIComponent(community)}/send/m.room.message/${randomUUID()}`,
              {
                token: bob.accessToken,
                body: { msgtype: "m.text", body: "Alice!", "m.mentions": { user_ids: [aliceId] } },
              },
            );
            await eventually(() =>
              expect(pushed).toContainEqual({
                notification: expect.objectContaining({
                  room_id: community,
                  event_id: expect.any(String),
                  devices: [expect.objectContaining({ app_id: "app.thephenom.ios" })],
                }),
              }),
            );
            expect(pushed).toHaveLength(1);
            // With event_id_only the gateway learns neither the text nor the sender.
            expect(JSON.stringify(pushed)).not.toMatch(/Alice!|@bob/);
            await eventually(() => expect(shown).toContain(`${bob.userId} Alice!`));
          }
          if (sample.includes("addPushRule")) {
            await send(harness.url, bob, community, "hello again");
            await eventually(() => expect(pushed).toHaveLength(2));
          }
          if (sample.includes("setIgnoredUsers")) {
            expect((await asAdmin("/v1/event_reports"))["event_reports"]).toEqual([
              expect.objectContaining({ user_id: aliceId, sender: bob.userId, reason: "Spam" }),
            ]);
            await send(harness.url, bob, community, "of a blocked person");
            await send(harness.url, admin, community, "of somebody else");
            await eventually(() => expect(shown).toContain(`${admin.userId} of somebody else`));
            expect(shown).not.toContain(`${bob.userId} of a blocked person`);
          }
          if (sample.includes("logout"))
            expect(await asAdmin(`/v1/users/${encodeURIComponent(aliceId)}/pushers`)).toMatchObject({
              total: 0,
            });
        },
      },
    );
    expect(opened).toEqual([expect.stringContaining("/login/sso/redirect/oidc-cognito?"), signOutUrl]);
    expect((await asAdmin(`/v2/users/${encodeURIComponent(aliceId)}/devices`))["total"]).toBe(0);
  });
});

/** The local parts that Synapse's own mapping gives to `usernames`. */
async function renderLocalparts(config: unknown, usernames: string[], sub: string): Promise<string[]> {
  const program = `
import asyncio, json, sys
from synapse.handlers.oidc import JinjaOidcMappingProvider as Provider
config, usernames, sub = json.load(sys.stdin)
provider = Provider(Provider.parse_config(config), None)
async def main():
    return [(await provider.map_user_attributes({"sub": sub, "cognito:username": name}, {}, 0))["localpart"] for name in usernames]
print(json.dumps(asyncio.run(main())))
`;
  const running = promisify(execFile)(synapsePython, ["-c", program]);
  running.child.stdin?.end(JSON.stringify([config, usernames, sub]));
  return z.array(z.string()).parse(JSON.parse((await running).stdout));
}
