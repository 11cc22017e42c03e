import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { App } from "cdktf";
import { environment } from "../stacks/chat/template.ts";
import { synthesise } from "../stacks/synthesise.ts";
import { withMessage } from "../test/jest/with-message.ts";
import { production } from "./production.ts";
import { EnvironmentError } from "./schema.ts";

/** The problems that synthesis reports for these environments, and the files it wrote all the same. */
function refused(...environments: unknown[]): { problems: readonly string[]; written: string[] } {
  const outdir = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  try {
    synthesise(new App({ outdir, stackTraces: false }), environments as Parameters<typeof synthesise>[1]);
  } catch (error) {
    if (error instanceof EnvironmentError)
      return {
        problems: error.problems,
        written: readdirSync(path.join(outdir, "stacks")).flatMap((stack) =>
          readdirSync(path.join(outdir, "stacks", stack)),
        ),
      };
    throw error;
  }
  throw new Error("synthesis did not refuse");
}

describe("synthesis", () => {
  const cases: [string, unknown, string][] = [
    [
      "a project too long for a target group's name",
      environment({ project: "phenom-development-us-east" }),
      'development: project: the target group name "phenom-development-us-east-syn-admin-tg" has 39 characters, AWS allows 32: shorten project by at least 7 (development/chat-synapse/admin-ui)',
    ],
    ...[
      ["a placeholder, which would let other repositories assume the roles", "repo:Phenom-earth/*"],
      ["one id, where GitHub writes two or none", "repo:Phenom-earth@123/phenom-chat"],
    ].map(([what = "", subject = ""]): [string, unknown, string] => [
      `a subject of GitHub's tokens with ${what}`,
      environment({ pipeline: { gitHubSubjects: [subject] } }),
      `development: pipeline.gitHubSubjects.0: "${subject}" must read repo:<owner>/<repository>, or repo:<owner>@<id>/<repository>@<id>, as GitHub shows it under Settings › Actions › OIDC`,
    ]),
    [
      "a CPU size that Fargate doesn't have",
      environment({ services: { ...environment().services, synapse: { cpu: 300, memory: 1024 } } }),
      "development: services.synapse.cpu: 300 Fargate has the CPU sizes 256, 512, 1024, 2048, 4096, 8192, 16384: choose one of them",
    ],
    [
      "a memory size that doesn't go with the CPU size",
      environment({ services: { ...environment().services, synapse: { cpu: 512, memory: 512 } } }),
      "development: services.synapse.memory: 512 with cpu 512 Fargate allows the MiB 1024, 2048, 3072, 4096: choose one of them",
    ],
    [
      "two rules with the same priority",
      environment({ priorities: { ...environment().priorities, mcp: 200 } }),
      "development: priorities.mcp: 200 is also the priority of synapse: a listener takes each priority once",
    ],
    [
      "a priority outside the listener's range",
      environment({ priorities: { ...environment().priorities, mcp: 50_001 } }),
      "development: priorities.mcp: 50001 must be a whole number from 1 to 50000",
    ],
    [
      "a priority among those of the workers' rules",
      environment({ priorities: { ...environment().priorities, mcp: 160 } }),
      "development: priorities.mcp: 160 lies among the priorities 150 to 165, which are kept for the workers' rules: choose another",
    ],
    [
      "workers' rules that come after those of the homeserver",
      environment({ priorities: { ...environment().priorities, workers: 210 } }),
      "development: priorities.workers: 210 must be at most 183: the workers' rules come before adminApi and synapse",
    ],
    [
      "more workers of a kind than Synapse can have",
      environment({ workers: { events: 2 } }),
      "development: workers.events: 2 must be 0 or 1: Synapse gives this work to one process",
    ],
    [
      "workers whose number is zero",
      environment({ workers: { sync: 0 } }),
      'development: workers: {"sync":0} must count at least one worker; leave workers out to have none',
    ],
    [
      "a size of workers that Fargate doesn't have",
      environment({ workers: { sync: 1, size: { cpu: 256, memory: 4096 } } }),
      "development: workers.size.memory: 4096 with cpu 256 Fargate allows the MiB 512, 1024, 2048: choose one of them",
    ],
    [
      "a private key in place of a public one",
      {
        ...environment(),
        jwt: {
          keys: { keys: [{ kid: "1", kty: "RSA", alg: "RS256", n: "x", e: "AQAB", d: "y" }] },
          audiences: ["a1"],
        },
      },
      "development: jwt.keys.keys.0.d: is not a setting of an environment: remove it or correct its name",
    ],
    [
      "a preview host that is an address",
      environment({ previewHosts: ["https://cdn.thephenom.app/"] }),
      'development: previewHosts.0: "https://cdn.thephenom.app/" must be a host name in lower case, such as cdn.example.org, or one with a port',
    ],
    [
      "an upload limit that is no size",
      environment({ maxUploadSize: "50 MB" }),
      'development: maxUploadSize: "50 MB" must be a number of megabytes, such as 50M',
    ],
    [
      "the current signing key among the former ones",
      environment({
        oldSigningKeys: [{ id: "ed25519:a_1", key: "A".repeat(43), expired: "2026-11-21T14:00:00Z" }],
      }),
      'development: oldSigningKeys.0.id: "ed25519:a_1" is the key in use: raise secretVersions.synapseSigningKey to draw another',
    ],
    [
      "a former signing key without its time",
      environment({
        secretVersions: { synapseSigningKey: 2 },
        oldSigningKeys: [{ id: "ed25519:a_1", key: "A".repeat(43), expired: "yesterday" }],
      }),
      'development: oldSigningKeys.0.expired: "yesterday" must be a time in UTC, such as 2026-11-21T14:00:00Z',
    ],
    [
      "a server name that is no host name",
      environment({ serverName: "https://chat.example.org/" }),
      'development: serverName: "https://chat.example.org/" must be a host name in lower case, such as chat.example.org, without scheme, port or path',
    ],
    [
      "a floating image tag in production",
      {
        ...production,
        images: { ...production.images, curl: { repository: "curlimages/curl", tag: "latest" } },
      },
      'production: images.curl.tag: "latest" names another image tomorrow (latest, testing): production takes a released version or a commit',
    ],
    [
      "an open admin access in production",
      { ...production, adminAccess: "open" },
      'production: adminAccess: "open" leaves Synapse\'s admin API to the internet: production takes cognito or closed',
    ],
    [
      "an MCP backend that doesn't run",
      environment({ implementations: { synapse: true, hasura: false } }),
      'development: mcp.backend: "hasura" does not run in this environment: set implementations.hasura to true or choose the other backend',
    ],
    [
      "an environment that runs nothing",
      environment({ implementations: { synapse: false, hasura: false } }),
      'development: implementations: {"synapse":false,"hasura":false} runs neither synapse nor hasura: turn at least one on',
    ],
    [
      "an input mapped to no output of the remote state",
      {
        ...production,
        inputs: { from: "remote-state", bucket: "b", key: "k", region: "us-east-1", outputs: { vpc_id: "" } },
      },
      'production: inputs.outputs.vpc_id: "" must name an output of the remote state',
    ],
    [
      "a setting that doesn't exist",
      { ...environment(), adminAcess: "closed" },
      "development: adminAcess: is not a setting of an environment: remove it or correct its name",
    ],
    [
      "a setting that is missing",
      { ...environment(), serverName: undefined },
      "development: serverName: is missing",
    ],
    [
      "an implementation turned off in production with its data still protected",
      { ...production, mcp: { backend: "hasura" }, implementations: { synapse: false, hasura: true } },
      'production: implementations.synapse: false would destroy the data of synapse (secrets, logs, Cognito clients, file systems), which production protects. It takes two steps: 1. keep synapse on, add "synapse" to unprotected, apply; 2. turn it off, apply',
    ],
  ];

  it.each(cases)("refuses %s and names environment, field, value and remedy", (_, data, problem) => {
    const { problems } = refused(data);
    withMessage(problems.join("\n"), () => expect(problems.some((p) => p.startsWith(problem))).toBe(true));
  });

  const fields = (problems: readonly string[]) =>
    [...new Set(problems.map((problem) => problem.split(": ", 2).join(": ")))].sort();

  it("reports every problem of every environment at once and writes nothing", () => {
    const { problems, written } = refused(
      {
        ...environment({ serverName: "chat", priorities: { ...environment().priorities, mcp: 200 } }),
        adminAcess: "closed",
      },
      { ...production, adminAccess: "open", serverName: "chat" },
    );
    expect(fields(problems)).toEqual([
      "development: adminAcess",
      "development: priorities.mcp",
      "development: serverName",
      "production: adminAccess",
      "production: serverName",
    ]);
    expect(written).toEqual([]);
  });

  it("refuses what two environments would share, and must not", () => {
    const { problems, written } = refused(production, { ...production, environment: "development" });
    expect(problems).toEqual([
      'development: project: "phenom-prod" is also that of production: choose another',
      'development: serverName: "chat.thephenom.app" is also that of production: choose another',
      'development: state: "s3://phenom-prod-terraform-state/phenom-chat/production.tfstate" is also that of production: choose another',
    ]);
    expect(written).toEqual([]);
  });

  it("reports the names that one environment makes too long together with the wrong settings of another", () => {
    const { problems, written } = refused(environment({ project: "phenom-development-us-east" }), {
      ...production,
      adminAccess: "open",
    });
    expect(fields(problems)).toEqual(["development: project", "production: adminAccess"]);
    // Every construct with such a name is named.
    expect(problems.length).toBeGreaterThan(2);
    expect(written).toEqual([]);
  });
});
