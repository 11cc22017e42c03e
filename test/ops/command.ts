import { development } from "../../environments/development.ts";
import { production } from "../../environments/production.ts";
import type { Clock } from "../../tools/ops/clock.ts";
import type { Terminal } from "../../tools/ops/context.ts";
import { opsCommand, run } from "../../tools/ops/run.ts";
import type { AwsServer } from "../../tools/servers/aws-api.ts";
import { stateOf } from "./outputs.ts";

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What --json prints. */
  json(): Record<string, unknown>;
}

/** A clock that only moves when the command sleeps. */
export function testClock(start = Date.parse("2026-01-31T12:00:00Z")): Clock {
  let time = start;
  return {
    now: () => time,
    sleep: async (milliseconds) => {
      time += milliseconds;
    },
  };
}

export const noTerminal: Terminal = {
  interactive: false,
  ask: () => Promise.reject(new Error("there is no terminal")),
  input: () => Promise.resolve(""),
};

/** Points the SDK to `aws`, with credentials that it accepts. @returns a function that restores the environment variables */
export function credentials(aws: Pick<AwsServer, "url">): () => void {
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN", "CLOUDFLARE_API_TOKEN"]) delete process.env[name];
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}

/** Stores `outputs` in the Terraform state of both environments, with the names of each. */
export function applied(aws: AwsServer, outputs: object): void {
  for (const { state, project } of [development, production])
    aws.objects.set(
      `${state.bucket}/${state.key}`,
      stateOf(JSON.parse(JSON.stringify(outputs).replaceAll(`${development.project}-`, `${project}-`))),
    );
}

/** Verbs of `npm run ops` with the names of their options. */
export const opsVerbs: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  opsCommand({ out: () => {}, err: () => {} }, async () => {}).commands.map((verb) => [
    verb.name(),
    verb.options.map(({ long = "" }) => long?.slice(2) ?? ""),
  ]),
);

/** `npm run ops -- …`, in this process. */
export async function ops(
  argv: readonly string[],
  { clock = testClock(), terminal = noTerminal }: { clock?: Clock; terminal?: Terminal } = {},
): Promise<Result> {
  let stdout = "";
  let stderr = "";
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    err: (text: string) => {
      stderr += text;
    },
  };
  const exitCode = await run(argv, { output, clock, terminal });
  return {
    exitCode,
    stdout,
    stderr,
    json: () => JSON.parse(stdout),
  };
}
