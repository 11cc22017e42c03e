import * as z from "zod";
import type { Outputs } from "../outputs.ts";
import {
  type Check,
  type Finding,
  failed,
  finding,
  passed,
  request,
  type Subject,
  skipped,
} from "./check.ts";

const versions = z.object({ versions: z.array(z.string()).min(1) });
const health = z.object({
  status: z.string(),
  version: z.string(),
  backend: z.object({ type: z.string(), reachable: z.boolean().nullable(), detail: z.string().optional() }),
});
const version = z.object({ version: z.string() });
const graphql = z.union([z.object({ data: z.unknown() }), z.object({ errors: z.array(z.unknown()) })]);

/** Synapse, Hasura and the MCP server answer through the public name, with the version that was applied. */
export const endpoints: Check = {
  name: "endpoints",
  transient: true,
  run(subject) {
    const { urls } = subject.outputs;
    return Promise.all([
      ...(urls.homeserver ? [homeserver(urls.homeserver), ...adminPaths(subject, urls.homeserver)] : []),
      mcpHealth(urls),
      mcpVersion(subject),
      ...(urls.graphql ? [graphqlAnswers(urls.graphql)] : []),
    ]);
  },
};

const unexpected = (status: number, text: string) =>
  `HTTP ${status}: ${text.slice(0, 120).replaceAll(/\s+/g, " ")}`;
const REMEDY =
  "Look at the service's status and log; 502 to 504 and 52x mean that no target behind the name is healthy";

function homeserver(url: string): Promise<Finding> {
  const address = `${url}/_matrix/client/versions`;
  return finding(address, REMEDY, async () => {
    const { status, json, text } = await request(address);
    const answer = versions.safeParse(json).data;
    return status === 200 && answer
      ? passed(address, `Matrix ${answer.versions.at(-1)}`)
      : failed(address, unexpected(status, text), REMEDY);
  });
}

/** The admin paths are as open or closed as the environment says. */
function adminPaths({ context, outputs }: Subject, url: string): Promise<Finding>[] {
  const { adminAccess, region } = context.environment;
  const signInHost = `${outputs.sign_in.domain}.auth.${region}.amazoncognito.com`;
  const guard = (
    address: string,
    expected: string,
    isExpected: (status: number, location: string) => boolean,
  ) =>
    finding(address, REMEDY, async () => {
      const { status, headers } = await request(address);
      const location = headers.get("location") ?? "";
      return isExpected(status, location)
        ? passed(address, expected)
        : failed(
            address,
            `HTTP ${status} ${location}`.trim(),
            `Expected: ${expected}. Compare the load balancer's rules`,
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
          "redirect to sign-in",
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
  return finding(address, REMEDY, async () => {
    const { status, json, text } = await request(address);
    const answer = health.safeParse(json).data;
    if (status !== 200 || !answer) return failed(address, unexpected(status, text), REMEDY);
    const { type, reachable, detail } = answer.backend;
    return reachable === false
      ? failed(
          address,
          `degraded: ${type} is unreachable${detail ? `: ${detail}` : ""}`,
          "Look at the backend and at the log of mcp",
        )
      : passed(address, `${answer.status}, backend ${type}`);
  });
}

function mcpVersion({ outputs, rolledBack }: Subject): Promise<Finding> {
  const address = `${outputs.urls.mcp}/version`;
  return finding(address, REMEDY, async () => {
    const { status, json, text } = await request(address);
    const running = version.safeParse(json).data?.version;
    if (status !== 200 || !running) return failed(address, unexpected(status, text), REMEDY);
    if (rolledBack["mcp"])
      return skipped(
        address,
        `version ${running}`,
        "After a rollback the outputs don't name the version that runs",
      );
    return running === outputs.release
      ? passed(address, `version ${running}`)
      : failed(
          address,
          `version ${running}, but ${outputs.release} was applied`,
          "The image that the tag names was built from other code: build and push it, or apply the version that it holds",
        );
  });
}

function graphqlAnswers(address: string): Promise<Finding> {
  return finding(address, REMEDY, async () => {
    const { status, json, text } = await request(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    // Hasura may refuse a request without a token, but it answers with GraphQL errors.
    return graphql.safeParse(json).success && status < 500
      ? passed(address, `HTTP ${status}, GraphQL`)
      : failed(
          address,
          unexpected(status, text),
          "The platform routes this path: see its Hasura service and listener rule",
        );
  });
}
