// The bare statement and the handler's: both prepared, over TLS, on connections of their own, each after a request for
// the user's groups.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { Client } from "pg";
import * as z from "zod";
import { membershipsOf } from "../../lambdas/shared/provisioning/memberships.ts";
import { provisioning } from "../../lambdas/shared/provisioning/statement.ts";
import { parseSignIn } from "../../lambdas/user-provisioner/event.ts";
import { listGroups } from "../../lambdas/user-provisioner/groups.ts";
import { applyMigrations } from "../../migrations/apply.ts";
import { median } from "../ab/statistics.ts";
import { lambdaBundle } from "../build/bundle-options.ts";
import { startAws } from "../servers/aws.ts";
import { postAuthenticationEvent } from "../servers/cognito-events.ts";
import { lambdaEnvironment } from "../servers/lambda.ts";
import { startPostgres } from "../servers/postgres.ts";
import { alternate, type Figure, mapValues, type Run, timed } from "./benchmark.ts";

export const name = "lambdas";
export const description =
  "size and load time of the Lambda bundles, and the database part of a sign-in against the bare statement";

const budgets = {
  "link-preview": { kilobytes: 100, milliseconds: 60 },
  "token-enhancement": { kilobytes: 100, milliseconds: 60 },
  "user-provisioner": { kilobytes: 450, milliseconds: 120 },
  // Nobody waits for it.
  "member-sync": { kilobytes: 450, milliseconds: 250 },
  "synapse-members": { kilobytes: 150, milliseconds: 250 },
  outside: { kilobytes: 100, milliseconds: 250 },
};
const lambdas = Object.keys(budgets) as (keyof typeof budgets)[];
/** Sign-ins that connect, plan and warm the caches before any is counted. */
const WARM_UP = 100;

export async function measure(run: Run): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "phenom-bench-"));
  const bundleOf = (lambda: string) => join(folder, `${lambda}.cjs`);
  try {
    for (const lambda of lambdas)
      await build({
        ...lambdaBundle,
        entryPoints: [`lambdas/${lambda}/handler.ts`],
        outfile: bundleOf(lambda),
      });
    return [...(await bundles(bundleOf, run)), await signIn(bundleOf("user-provisioner"), run)];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function bundles(bundleOf: (lambda: string) => string, { quick, progress }: Run): Promise<Figure[]> {
  const start = (code: string) => () => timed(() => spawnSync(process.execPath, ["-e", code]));
  const rounds = quick ? 5 : 21;
  progress(`${rounds} starts of Node.js with each bundle`);
  const { bare, ...loads } = await alternate(
    {
      bare: start("0"),
      ...mapValues(budgets, (_, lambda) => start(`require(${JSON.stringify(bundleOf(lambda))})`)),
    },
    rounds,
  );
  const figures: Figure[] = [];
  for (const lambda of lambdas)
    figures.push(
      {
        label: `${lambda}, bundle`,
        measured: (await stat(bundleOf(lambda))).size / 1000,
        unit: "kB",
        target: { atMost: budgets[lambda].kilobytes },
      },
      {
        label: `${lambda}, load time beyond node -e 0`,
        measured: median(loads[lambda]) - median(bare),
        unit: "ms",
        target: { atMost: budgets[lambda].milliseconds },
      },
    );
  return figures;
}

interface Handler {
  handler(event: unknown, context: unknown): Promise<unknown>;
}
const logLine = z.object({ Outcome: z.literal("provisioned"), DatabaseDuration: z.number() });

async function signIn(bundle: string, { quick, progress }: Run): Promise<Figure> {
  const signIns = quick ? 300 : 3000;
  const server = await startPostgres();
  const aws = await startAws();
  const environment = { ...process.env };
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

    const person = parseSignIn(postAuthenticationEvent());
    if (typeof person === "string") throw new Error(person);
    const statement = provisioning(person, membershipsOf(["internal"]), false);
    const client = new Client({ ...connection, user: login.username, password: login.password });
    // After a failure the server ends this connection; the first error is the one to report.
    client.on("error", () => {});
    await client.connect();

    const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 5000 };
    const { handler }: Handler = createRequire(import.meta.url)(bundle);
    const { signal } = new AbortController();
    const bare: number[] = [];
    const warm: number[] = [];
    progress(`${signIns} sign-ins, the first ${WARM_UP} not counted`);
    for (let n = 0; n < signIns; n++) {
      const line = await written(() => handler(postAuthenticationEvent(), context));
      const { DatabaseDuration } = logLine.parse(JSON.parse(line));
      // As in a sign-in, so that both statements find a server that has been idle equally long.
      await listGroups(person, signal);
      const took = await timed(() => client.query(statement));
      if (n < WARM_UP) continue;
      warm.push(DatabaseDuration);
      bare.push(took);
    }
    await client.end();
    return {
      label: "user-provisioner, database part of a sign-in",
      measured: median(warm),
      unit: "ms",
      baseline: { label: "bare statement", measured: median(bare) },
      target: { atMost: 1.3 },
    };
  } finally {
    process.env = environment;
    await aws.stop();
    await server.stop();
  }
}

/** What a step writes to standard output. */
async function written(step: () => Promise<unknown>): Promise<string> {
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
