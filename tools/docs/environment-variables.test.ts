import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { production } from "../../environments/production.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { requiredByBackend, requiredByUserPool } from "../../mcp-server/environment.ts";
import type { EnvironmentSchema } from "../../shared/environment.ts";
import { environment, Template } from "../../stacks/chat/template.ts";
import { scriptOfTask, variablesOfTask, variablesReadBy } from "../../test/environment-variables.ts";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { declared, environmentVariables } from "./environment-variables.ts";

it("the page of environment variables is what the constructs set", async () => {
  await expectUpToDate("docs/environment-variables.md", environmentVariables());
});

const workers = {
  ...{ sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 },
  ...{ size: { cpu: 512, memory: 1024 }, redisNodeType: "cache.t4g.micro" },
};
const corsOrigins = ["https://agents.example.org"];
const environments: Readonly<Record<string, EnvironmentData>> = {
  development: environment(),
  "development with the tools on Synapse": environment({ mcp: { backend: "synapse" } }),
  "development with its optional inputs": environment({ workers, mcp: { backend: "hasura", corsOrigins } }),
  production,
};

const ENTRYPOINT = readFileSync("modules/chat-synapse/homeserver/image/entrypoint.py", "utf8");
/** What libpq, and with it psql, reads by itself (PostgreSQL's documentation, "Environment Variables"). */
const LIBPQ = ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE"];
/** Read where they are set, and not needed. */
const OPTIONAL_FOR_SYNAPSE = ["SYNAPSE_CONFIG_PATH", "SYNAPSE_WORKER_YAML", "SYNAPSE_REPLICATION_SECRET"];

/** A process of the synthesised Terraform. */
interface Process {
  readonly name: string;
  /** What Terraform sets. */
  readonly variables: readonly string[];
  /** What the process reads, as far as its own source tells. */
  readonly reads: readonly string[];
  /** What it needs to start. */
  readonly needs: readonly string[];
}

const keysOf = (schema: EnvironmentSchema) => Object.keys(schema._zod.def.shape);
const isRequired = (schema: EnvironmentSchema, name: string) => {
  const field = schema._zod.def.shape[name];
  return field !== undefined && !z.safeParse(field, undefined).success;
};
const schemaOf = (name: string): EnvironmentSchema | undefined =>
  declared[name] ?? declared[`phenom-dev-${name}`];

function ofSchema(
  name: string,
  schema: EnvironmentSchema,
  variables: readonly string[],
  text: string,
): Process {
  const backend = /"name" = "BACKEND_TYPE", "value" = "(hasura|synapse)"/.exec(text)?.[1];
  const further =
    backend === "hasura" || backend === "synapse"
      ? [...requiredByBackend[backend], ...requiredByUserPool]
      : [];
  const keys = keysOf(schema);
  return {
    name,
    variables,
    reads: keys,
    needs: [...keys.filter((key) => isRequired(schema, key)), ...further],
  };
}

function task(data: EnvironmentData, body: Readonly<Record<string, unknown>>): Process {
  const name = String(body["family"]).replace(`${data.project}-`, "");
  const text = String(body["container_definitions"]);
  const variables = variablesOfTask(text);
  const schema = schemaOf(name);
  if (schema) return ofSchema(name, schema, variables, text);
  const script = scriptOfTask(text);
  if (script !== undefined) {
    const needs = [...variablesReadBy(script)];
    return { name, variables, needs, reads: script.includes("psql ") ? [...needs, ...LIBPQ] : needs };
  }
  if (text.includes(`"image" = "${data.images.synapse.repository}:`)) {
    const reads = [...new Set(ENTRYPOINT.match(/\bSYNAPSE_[A-Z_]+\b/g))];
    return { name, variables, reads, needs: reads.filter((each) => !OPTIONAL_FOR_SYNAPSE.includes(each)) };
  }
  return { name, variables, reads: [], needs: [] };
}

function lambda(body: Readonly<Record<string, unknown>>): Process {
  const name = path.basename(String(body["filename"]), ".zip");
  const { variables } = z
    .object({ variables: z.record(z.string(), z.string()).default({}) })
    .parse(body["environment"] ?? {});
  const schema = schemaOf(name);
  if (!schema) throw new Error(`the function ${name} declares no environment`);
  return ofSchema(name, schema, Object.keys(variables), "");
}

const processesOf = (data: EnvironmentData): Process[] => {
  const template = new Template(data);
  return [
    ...Object.values(template.resources("aws_ecs_task_definition")).map((body) => task(data, body)),
    ...Object.values(template.resources("aws_lambda_function")).map(lambda),
  ];
};
const all = Object.fromEntries(Object.entries(environments).map(([name, data]) => [name, processesOf(data)]));

describe.each(Object.entries(all))("in %s", (_, processes) => {
  it("every process is known", () => {
    const names = processes.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...["chat-bootstrap", "chat-hasura-metadata", "chat-mcp", "chat-migration", "synapse-db-setup"],
        ...["synapse", "synapse-admin", "link-preview", "token-enhancement", "user-provisioner"],
      ]),
    );
    const silent = processes.filter(({ reads }) => reads.length === 0).map(({ name }) => name);
    expect(silent.sort()).toEqual(["synapse-admin", "token-enhancement"]);
  });

  it("every variable that is set is read", () => {
    const unread = processes.map(({ name, variables, reads }) => [
      name,
      variables.filter((variable) => !reads.includes(variable)),
    ]);
    expect(unread).toEqual(processes.map(({ name }) => [name, []]));
  });

  it("every variable that a process needs is set", () => {
    const missing = processes.map(({ name, variables, needs }) => [
      name,
      needs.filter((variable) => !variables.includes(variable)),
    ]);
    expect(missing).toEqual(processes.map(({ name }) => [name, []]));
  });
});

it("a variable that no environment sets is one of these, for the given reason", () => {
  const reasons: Readonly<Record<string, string>> = {
    AGENT_USER_ID: "backend postgres, which is not deployed",
    DATABASE_URL: "backend postgres, which is not deployed",
    RATE_LIMIT_PER_SECOND: "its default is meant for every environment",
    RDAP_URL: "its default is meant for every environment",
  };
  const set = new Set(
    Object.values(all).flatMap((processes) => processes.flatMap(({ variables }) => variables)),
  );
  const unset = Object.values(declared).flatMap((schema) => keysOf(schema).filter((key) => !set.has(key)));
  expect(unset.sort()).toEqual(Object.keys(reasons));
});

const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "link-preview": ["lambdas/link-preview"],
  "member-sync": ["lambdas/member-sync", "lambdas/shared/provisioning"],
  "synapse-members": ["lambdas/synapse-members"],
  outside: ["lambdas/outside"],
  "token-enhancement": ["lambdas/token-enhancement"],
  "user-provisioner": ["lambdas/user-provisioner", "lambdas/shared/provisioning"],
  "phenom-dev-chat-bootstrap": ["mcp-server/bootstrap"],
  "phenom-dev-chat-mcp": ["mcp-server"],
};
const sources = (folders: readonly string[]) =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => ({
        file: path.join(folder, file),
        text: readFileSync(path.join(folder, file), "utf8"),
      })),
  );

it("every declared variable is used by its program", () => {
  for (const [program, schema] of Object.entries(declared)) {
    const text = sources(FOLDERS[program] ?? [])
      .filter(({ file }) => !file.endsWith("environment.ts"))
      .map((source) => source.text)
      .join("\n");
    const unused = keysOf(schema).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
    expect([program, unused]).toEqual([program, []]);
  }
});

it("no program reads a variable past its declaration, but for those that Lambda itself sets", () => {
  const reads = sources(["lambdas", "mcp-server", "shared"]).flatMap(({ file, text }) =>
    [...text.matchAll(/process\.env(\[[^\]]+\]|\.\w+)/g)].map(([found]) => `${file}: ${found}`),
  );
  expect(reads).toEqual([
    'lambdas/shared/aws.ts: process.env["AWS_SESSION_TOKEN"]',
    "lambdas/shared/aws.ts: process.env[endpointVariable]",
    "lambdas/shared/aws.ts: process.env[name]",
  ]);
});
