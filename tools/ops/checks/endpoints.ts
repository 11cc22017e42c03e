import * as z from "zod";
import type { Outputs } from "../outputs.ts";
import { ask, type Check, type Finding, failed, finding, leftOut, passed, type Subject } from "./check.ts";

const versions = z.object({ versions: z.array(z.string()).min(1) });
const health = z.object({
  status: z.string(),
  version: z.string(),
  backend: z.object({ type: z.string(), reachable: z.boolean().nullable(), detail: z.string().optional() }),
});
const version = z.object({ version: z.string() });
const graphql = z.union([z.object({ data: z.unknown() }), z.object({ errors: z.array(z.unknown()) })]);

/** What stands behind the public name answers, as the version that was applied. */
export const endpoints: Check = {
  name: "endpoints",
  transient: true,
  look(subject) {
    const { urls } = subject.outputs;
    return Promise.all([
      ...(urls.homeserver ? [homeserver(urls.homeserver), ...adminPaths(subject, urls.homeserver)] : []),
      mcpHealth(urls),
      mcpVersion(subject),
      ...(urls.graphql ? [graphqlAnswers(urls.graphql)] : []),
    ]);
  },
};

/** 5xx is Cloudflare's or the load balancer's word for nobody behind it. */
const unexpected = (status: number, text: string) =>
  `HTTP ${status}: ${text.slice(0, 120).replaceAll(/\s+/g, " ")}`;
const LOOK =
  "Look at the service's status and log; 502 to 504 and 52x mean that nothing healthy stands behind the name";

function homeserver(url: string): Promise<Finding> {
  const address = `${url}/_matrix/client/versions`;
  return finding(address, LOOK, async () => {
    const { status, json, text } = await ask(address);
    const answer = versions.safeParse(json).data;
    return status === 200 && answer
      ? passed(address, `Matrix ${answer.versions.at(-1)}`)
      : failed(address, unexpected(status, text), LOOK);
  });
}

/** Nobody without a session gets to the admin paths, unless that is what the environment says. */
function adminPaths({ context, outputs }: Subject, url: string): Promise<Finding>[] {
  const { adminAccess, region } = context.environment;
  const signInHost = `${outputs.sign_in.domain}.auth.${region}.amazoncognito.com`;
  const guard = (address: string, wanted: string, isAs: (status: number, location: string) => boolean) =>
    finding(address, LOOK, async () => {
      const { status, headers } = await ask(address);
      const location = headers.get("location") ?? "";
      return isAs(status, location)
        ? passed(address, wanted)
        : failed(
            address,
            `HTTP ${status} ${location}`.trim(),
            `Expected is: ${wanted}. Compare the load balancer's rules`,
          );
    });
  const api = `${url}/_synapse/admin/v1/server_version`;
  const ui = `${url}/chat-admin/`;
  switch (adminAccess) {
    case "cognito":
      return [
        guard(api, "401 without a session", (status) => status === 401),
        guard(
          ui,
          "sent to sign in",
          (status, location) => status === 302 && location.startsWith(`https://${signInHost}/`),
        ),
      ];
    case "closed":
      return [guard(api, "403", (status) => status === 403), guard(ui, "403", (status) => status === 403)];
    case "open":
      return [guard(ui, "200", (status) => status === 200)];
  }
}

function mcpHealth({ mcp_health: address }: Outputs["urls"]): Promise<Finding> {
  return finding(address, LOOK, async () => {
    const { status, json, text } = await ask(address);
    const answer = health.safeParse(json).data;
    if (status !== 200 || !answer) return failed(address, unexpected(status, text), LOOK);
    const { type, reachable, detail } = answer.backend;
    return reachable === false
      ? failed(
          address,
          `degraded: ${type} is out of reach${detail ? `: ${detail}` : ""}`,
          "Look at the backend and at the log of mcp",
        )
      : passed(address, `${answer.status}, backend ${type}`);
  });
}

function mcpVersion({ outputs, rolledBack }: Subject): Promise<Finding> {
  const address = `${outputs.urls.mcp}/version`;
  return finding(address, LOOK, async () => {
    const { status, json, text } = await ask(address);
    const running = version.safeParse(json).data?.version;
    if (status !== 200 || !running) return failed(address, unexpected(status, text), LOOK);
    if (rolledBack["mcp"])
      return leftOut(
        address,
        `version ${running}`,
        "After a rollback the outputs don't name the version that runs",
      );
    return running === outputs.release
      ? passed(address, `version ${running}`)
      : failed(
          address,
          `version ${running}, applied was ${outputs.release}`,
          "The image that the tag names was built from other code: build and push it, or apply the version that it holds",
        );
  });
}

function graphqlAnswers(address: string): Promise<Finding> {
  return finding(address, LOOK, async () => {
    const { status, json, text } = await ask(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    // Without a token Hasura may refuse, but as Hasura does.
    return graphql.safeParse(json).success && status < 500
      ? passed(address, `HTTP ${status}, GraphQL`)
      : failed(
          address,
          unexpected(status, text),
          "The path is routed by the platform: see its Hasura service and rule",
        );
  });
}
