import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CLIENT, poolJwks, poolKeys, token, USER_POOL } from "../../tools/servers/cognito-tokens.ts";
import { HttpError } from "../http/respond.ts";
import { keySet } from "./key-set.ts";
import { cognitoAuthentication } from "./token-verifier.ts";

const publicUrl = new URL("https://chat.example.org");
const authenticate = cognitoAuthentication({
  userPoolId: USER_POOL,
  clientIds: [CLIENT],
  publicUrl,
  jwksCache: poolKeys(),
});
const bearer = (text: string) => authenticate(`Bearer ${text}`);
const past = Math.floor(Date.now() / 1000) - 60;

describe("a caller's access token", () => {
  it("identifies the caller, the client and the highest group", async () => {
    expect(await bearer(token({ groups: ["community", "agent", "support"] }))).toMatchObject({
      id: "caller-sub",
      clientId: CLIENT,
      group: "support",
    });
  });

  const refused: Record<string, string> = {
    "that has expired": token({ claims: { exp: past } }),
    "that is not valid yet": token({ claims: { nbf: past + 3600 } }),
    "without an expiry": token({ claims: { exp: undefined } }),
    "that is not signed": token({ signature: "none" }),
    "with alg none": token({ header: { alg: "none" }, signature: "none" }),
    "signed by somebody else": token({ signature: "stranger" }),
    "signed with the public key as a secret": token({ header: { alg: "HS256" }, signature: "hmac" }),
    "with a key that the pool has not": token({ header: { kid: "other" } }),
    "of another pool": token({
      claims: { iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other" },
    }),
    "of another client": token({ claims: { client_id: "other" } }),
    "that is an ID token": token({ claims: { token_use: "id", aud: CLIENT } }),
    "bound to another resource": token({ claims: { aud: "https://elsewhere.example.org/mcp" } }),
    "that is no token": "abc.def",
  };
  it.each(
    Object.entries(refused),
  )("%s is refused with a challenge that tells where to sign in", async (_, bad) => {
    await expect(bearer(bad)).rejects.toMatchObject({
      status: 401,
      headers: {
        "www-authenticate": expect.stringMatching(
          /^Bearer resource_metadata="https:\/\/chat\.example\.org\/\.well-known\/oauth-protected-resource\/mcp", scope="chat", error="invalid_token"/,
        ),
      },
    });
  });

  it("bound to this resource is accepted", async () => {
    await expect(bearer(token({ claims: { aud: "https://chat.example.org/mcp" } }))).resolves.toBeDefined();
  });

  it("of a user without a group that opens tools is forbidden, without a challenge to sign in again", async () => {
    for (const groups of [[], ["internal", "partners"], ["Admin"]])
      await expect(bearer(token({ groups }))).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining("Ask an administrator of the chat"),
        headers: {},
      });
  });

  it("of a key that the pool got by a rotation is accepted, although strangers ask for keys that it has not", async () => {
    let read = 0;
    const rotated = cognitoAuthentication({
      userPoolId: USER_POOL,
      clientIds: [CLIENT],
      publicUrl,
      jwksCache: keySet({
        fetch: async () => {
          read += 1;
          return new TextEncoder().encode(JSON.stringify(read < 2 ? { keys: [] } : poolJwks())).buffer;
        },
      }),
    });
    await expect(rotated(`Bearer ${token({ header: { kid: "made-up" } })}`)).rejects.toMatchObject({
      status: 401,
    });
    await expect(rotated(`Bearer ${token()}`)).resolves.toMatchObject({ id: "caller-sub" });
  });

  it("of a key that the pool has not costs few reads of the key set, and then waits instead of losing its sign-in", async () => {
    let read = 0;
    const busy = cognitoAuthentication({
      userPoolId: USER_POOL,
      clientIds: [CLIENT],
      publicUrl,
      jwksCache: keySet({
        fetch: async () => {
          read += 1;
          return new TextEncoder().encode(JSON.stringify(poolJwks())).buffer;
        },
      }),
    });
    const statuses: unknown[] = [];
    for (let each = 0; each < 20; each += 1)
      await busy(`Bearer ${token({ header: { kid: `made-up-${each}` } })}`).catch((error: HttpError) =>
        statuses.push(error.status),
      );
    expect(read).toBeLessThan(10);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });

  it("is requested without an error code if it is missing or of another scheme", async () => {
    for (const header of [undefined, "", "Basic dXNlcjpwYXNz", "Bearer", token()])
      await expect(authenticate(header)).rejects.toMatchObject({
        status: 401,
        headers: { "www-authenticate": expect.not.stringContaining("error=") },
      });
  });

  it("gets status 500, not 401, while the pool's keys cannot be read", async () => {
    const offline = cognitoAuthentication({
      userPoolId: USER_POOL,
      clientIds: [CLIENT],
      publicUrl,
      jwksCache: poolKeys(() => Promise.reject(new Error("no network"))),
    });
    await expect(offline(`Bearer ${token()}`)).rejects.toMatchObject({ status: 500 });
  });

  it("is refused if it is any other text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async (text) => {
        await expect(authenticate(`Bearer ${text}`)).rejects.toBeInstanceOf(HttpError);
      }),
    );
  });

  it("is refused when any one of its characters is changed", async () => {
    const valid = token();
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.constantFrom(..."AZaz09-_."), async (at, character) => {
        // The last character of a signature holds bits that mean nothing.
        fc.pre(valid[at] !== character && at < valid.length - 1);
        const changed = valid.slice(0, at) + character + valid.slice(at + 1);
        await expect(bearer(changed)).rejects.toBeInstanceOf(HttpError);
      }),
    );
  });
});
