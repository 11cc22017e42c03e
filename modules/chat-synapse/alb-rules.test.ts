import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { environment, Template } from "../../stacks/chat/template.ts";
import { otherSpellings } from "../../test/admin-spellings.ts";
import { type AlbOutcome, type AlbRequest, loadBalancer } from "../../tools/servers/load-balancer-rules.ts";

const host = "chat-testing.thephenom.app";
const modes = ["cognito", "closed", "open"] as const;
type Mode = (typeof modes)[number];

const balancers = Object.fromEntries(
  modes.map((mode) => [
    mode,
    loadBalancer(
      Object.values(new Template(environment({ adminAccess: mode })).resources("aws_lb_listener_rule")),
    ),
  ]),
) as Record<Mode, (request: AlbRequest) => AlbOutcome>;

/** What came of a request, in a word: the target and what it sees, the status, or the sign-in page. */
function word(outcome: AlbOutcome): string {
  if ("forwardTo" in outcome) {
    const targets = { homeserver: "synapse", admin_ui: "admin-ui", mcp_server: "mcp" };
    const [, name] = Object.entries(targets).find(([part]) => outcome.forwardTo.includes(part)) ?? [];
    return `${name} ${outcome.target}`;
  }
  if ("signInAt" in outcome) return "sign-in page";
  if ("status" in outcome) return `${outcome.status}${outcome.location ? ` ${outcome.location}` : ""}`;
  return "others";
}
const ask = (mode: Mode, target: string, changes: Partial<AlbRequest> = {}) =>
  word(balancers[mode]({ host, target, ...changes }));

/** Requests to Synapse that no mode of admin access changes, unchanged on their way. */
const always: readonly [who: string, target: string][] = [
  ["the mobile app looks for the homeserver", "/.well-known/matrix/client"],
  ["the mobile app asks for versions", "/_matrix/client/versions"],
  [
    "the mobile app starts signing in",
    "/_matrix/client/v3/login/sso/redirect/oidc-cognito?redirectUrl=a%3A%2F%2F",
  ],
  ["the browser comes back from Cognito", "/_synapse/client/oidc/callback?code=1&state=2"],
  ["the browser picks a user name", "/_synapse/client/pick_username/account_details"],
  ["the mobile app syncs", "/_matrix/client/v3/sync?timeout=30000&since=s1"],
  ["the mobile app sends", "/_matrix/client/v3/rooms/!a%3Ab/send/m.room.message/1"],
  ["the mobile app uploads", "/_matrix/media/v3/upload?filename=a.jpg"],
  ["the mobile app previews a link", "/_matrix/client/v1/media/preview_url?url=https%3A%2F%2Fthephenom.app"],
  ["a federating server looks for the homeserver", "/.well-known/matrix/server"],
  ["a federating server asks for keys", "/_matrix/key/v2/server"],
  ["a federating server sends", "/_matrix/federation/v1/send/1"],
  ["the admin UI signs its user in to Matrix", "/_matrix/client/v3/login"],
];

describe.each(modes)("with admin access %s", (mode) => {
  it.each(always)("%s: Synapse answers %s", (_, target) => {
    expect(ask(mode, target)).toBe(`synapse ${target}`);
  });

  it.each([
    ["another host", "/_matrix/client/versions", { host: "thephenom.app" }],
    ["a host in front of ours", "/_matrix/client/versions", { host: `x.${host}` }],
    ["a host that only looks like ours", "/_matrix/client/versions", { host: "chat-testingXthephenom.app" }],
    ["the rest of the site", "/", {}],
    ["the public GraphQL path", "/api/graphql", {}],
    ["other well-known documents", "/.well-known/apple-app-site-association", {}],
    ["a path that only begins like the admin UI's", "/chat-administration/", {}],
    ["the health of Synapse", "/health", {}],
  ])("the rules do not match %s", (_, target, changes) => {
    expect(ask(mode, target, changes)).toBe("others");
  });

  it("the host matches in capitals and with a port", () => {
    expect(ask(mode, "/_matrix/x", { host: host.toUpperCase() })).toBe("synapse /_matrix/x");
    expect(ask(mode, "/_matrix/x", { host: `${host}:443` })).toBe("synapse /_matrix/x");
  });

  it("the admin UI's path without its slash is redirected, with its query", () => {
    expect(ask(mode, "/chat-admin?a=1")).toBe(`301 https://${host}/chat-admin/?a=1`);
  });
});

/** What reaches the admin API and the admin UI, by mode; the second answer of `cognito` is with a session. */
const byMode: readonly [target: string, nobody: string, signedIn: string, open: string][] = [
  [
    "/_synapse/admin/v2/users?from=0",
    "401",
    "synapse /_synapse/admin/v2/users?from=0",
    "synapse /_synapse/admin/v2/users?from=0",
  ],
  [
    "/_synapse/admin/v1/register",
    "401",
    "synapse /_synapse/admin/v1/register",
    "synapse /_synapse/admin/v1/register",
  ],
  ["/_synapse/admin/", "401", "synapse /_synapse/admin/", "synapse /_synapse/admin/"],
  ["/chat-admin/", "sign-in page", "admin-ui /", "admin-ui /"],
  [
    "/chat-admin/static/js/main.js?v=1",
    "sign-in page",
    "admin-ui /static/js/main.js?v=1",
    "admin-ui /static/js/main.js?v=1",
  ],
  [
    "/chat-admin/../_synapse/admin/v2/users",
    "sign-in page",
    "admin-ui /../_synapse/admin/v2/users",
    "admin-ui /../_synapse/admin/v2/users",
  ],
];

describe("the admin paths", () => {
  it.each(byMode)("%s", (target, nobody, signedIn, open) => {
    expect(ask("cognito", target)).toBe(nobody);
    expect(ask("cognito", target, { signedIn: true })).toBe(signedIn);
    expect(ask("closed", target)).toBe("403");
    expect(ask("closed", target, { signedIn: true })).toBe("403");
    expect(ask("open", target)).toBe(open);
  });

  it("never reach Synapse without a session, whatever follows the prefix", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const target = `/_synapse/admin/${path.replace(/^\//, "")}?${query}`;
        expect(ask("cognito", target)).toBe("401");
        expect(ask("closed", target)).toBe("403");
      }),
    );
  });
});

it.each(otherSpellings)("%s does not match the admin rule, so that Synapse has to refuse it", (target) => {
  for (const mode of modes) expect([`synapse ${target}`, "others"]).toContain(ask(mode, target));
});
