/**
 * The handlers' bundles: size, what loading one adds to a bare Node.js, and the database part of a warm
 * sign-in against the bare statement (baseline), both prepared, over TLS, on connections of their own, each
 * after a call for the groups.
 *
 * Run: npm run bench -- lambdas [sign-ins]
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { Client } from "pg";
import * as z from "zod";
import { parsePostAuthentication } from "../../lambdas/user-provisioner/event.ts";
import { listGroups } from "../../lambdas/user-provisioner/groups.ts";
import { membershipsOf } from "../../lambdas/user-provisioner/memberships.ts";
import { provisioning } from "../../lambdas/user-provisioner/statement.ts";
import { applyMigrations } from "../../migrations/apply.ts";
import { lambdaBundle } from "../build/bundle-options.ts";
import { startAws } from "../servers/aws.ts";
import { postAuthenticationEvent } from "../servers/cognito-events.ts";
import { lambdaEnvironment } from "../servers/lambda.ts";
import { startPostgres } from "../servers/postgres.ts";
import { median } from "./median.mjs";

const signIns = Number(process.argv[2] ?? 3000);
const starts = 21;
const budgets = {
  "link-preview": { kilobytes: 100, milliseconds: 60 },
  "token-enhancement": { kilobytes: 100, milliseconds: 60 },
  "user-provisioner": { kilobytes: 450, milliseconds: 120 },
};

const startOf = (code: string): number => {
  const start = process.hrtime.bigint();
  spawnSync(process.execPath, ["-e", code]);
  return Number(process.hrtime.bigint() - start) / 1e6;
};

const directory = await mkdtemp(join(tmpdir(), "phenom-bench-"));
const fileOf = (name: string) => join(directory, `${name}.js`);
try {
  const names = Object.keys(budgets);
  for (const name of names)
    await build({ ...lambdaBundle, entryPoints: [`lambdas/${name}/handler.ts`], outfile: fileOf(name) });

  const codes = ["0", ...names.map((name) => `require(${JSON.stringify(fileOf(name))})`)];
  const times = codes.map((): number[] => []);
  for (let run = 0; run < starts; run++)
    for (const [index, code] of codes.entries()) times[index]?.push(startOf(code));
  const [bare = 0, ...loads] = times.map(median);
  console.log(`node -e 0: ${bare.toFixed(0)} ms (baseline, median of ${starts})`);
  for (const [index, [name, budget]] of Object.entries(budgets).entries()) {
    const size = ((await stat(fileOf(name))).size / 1000).toFixed(1);
    const added = ((loads[index] ?? 0) - bare).toFixed(0);
    console.log(
      `${name}: ${size} kB (at most ${budget.kilobytes}), loading adds ${added} ms (at most ${budget.milliseconds})`,
    );
  }
  await databasePart();
} finally {
  await rm(directory, { recursive: true });
}

async function databasePart(): Promise<void> {
  const server = await startPostgres();
  const aws = await startAws();
  try {
    const connection = await server.createDatabase();
    const login = { username: "chat_user_provisioner", password: "bench" };
    await applyMigrations(connection, { userProvisionerPassword: login.password });
    const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bench-AbCdEf";
    aws.secrets.set(arn, JSON.stringify(login));
    aws.groups.set("ann", ["internal"]);
    Object.assign(process.env, lambdaEnvironment, aws.environment, {
      DATABASE_HOST: connection.host,
      DATABASE_PORT: String(connection.port),
      DATABASE_NAME: connection.database,
      DATABASE_SECRET_ARN: arn,
      DATABASE_CA_FILE: server.caFile,
    });

    const person = parsePostAuthentication(postAuthenticationEvent());
    if (typeof person === "string") throw new Error(person);
    const statement = provisioning(person, membershipsOf(["internal"]));
    const client = new Client({ ...connection, user: login.username, password: login.password });
    // The server's end closes what an error left open; the error itself is what to print.
    client.on("error", () => {});
    await client.connect();

    const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 5000 };
    const { handler } = createRequire(import.meta.url)(fileOf("user-provisioner"));
    const { signal } = new AbortController();
    const bare: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < signIns; round++) {
      const line = await capture(() => handler(postAuthenticationEvent(), context));
      const { Outcome, DatabaseDuration } = z
        .object({ Outcome: z.string(), DatabaseDuration: z.number() })
        .parse(JSON.parse(line));
      if (Outcome !== "provisioned") throw new Error(line);
      // As in a sign-in, so that both statements meet a server that has been idle as long.
      await listGroups(person, signal);
      const start = performance.now();
      await client.query(statement);
      const took = performance.now() - start;
      // The first hundred connect, plan and warm the caches.
      if (round >= 100) {
        warm.push(DatabaseDuration);
        bare.push(took);
      }
    }
    await client.end();
    const [one, other] = [median(bare), median(warm)];
    console.log(
      `database part of a sign-in: ${other.toFixed(3)} ms, bare statement: ${one.toFixed(3)} ms (baseline), ` +
        `ratio ${(other / one).toFixed(2)} (at most 1.3), medians of ${warm.length}`,
    );
  } finally {
    await aws.stop();
    await server.stop();
  }
}

/** What the step writes to standard output. */
async function capture(step: () => Promise<unknown>): Promise<string> {
  const write = process.stdout.write;
  const lines: string[] = [];
  process.stdout.write = (chunk: string | Uint8Array) => lines.push(String(chunk)) > 0;
  try {
    await step();
  } finally {
    process.stdout.write = write;
  }
  return lines.join("");
}
