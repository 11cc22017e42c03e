import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import * as ecs from "@aws-sdk/client-ecs";
import * as rds from "@aws-sdk/client-rds";
import * as secretsmanager from "@aws-sdk/client-secrets-manager";
import * as sts from "@aws-sdk/client-sts";
import { describe, expect, it } from "@jest/globals";
import manifest from "../../package.json" with { type: "json" };
import { stackCommand, type Verb } from "../../tools/cdktf/command.ts";
import { execute } from "../../tools/cli/command.ts";
import { Problem } from "../../tools/cli/problem.ts";
import { opsCommand } from "../../tools/ops/run.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs").map((file) => path.join("docs", file)),
].filter((file) => file.endsWith(".md"));

/** Values in place of what a reader fills in. */
const filledIn = (command: string) =>
  command
    .replaceAll("<environment>", "development")
    .replaceAll(/<(?:revision|tasks|minutes)>/g, "1")
    .replaceAll("<address>", "ada@example.org")
    .replaceAll("<group>", "support")
    .replaceAll(/<[^>]+>/g, "x")
    .replace(/ +#.*$/, "");

/** Words as a shell splits them. */
const words = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );

/** What follows `start` in the commands that a page shows, in blocks and within text. */
const shown = (file: string, start: string) =>
  [...readFileSync(file, "utf8").matchAll(new RegExp(`(?:^ {0,7}|\`)${start}([^\`\\n]*)`, "gm"))].map(
    ([, ...groups]) => groups.map((group) => group?.trim() ?? ""),
  );
const inPages = (start: string) =>
  pages.flatMap((file) => shown(file, start).map((groups) => [file, ...groups] as const));

/** Those that only name a verb are left out. */
const operations = inPages("npm run ops -- (?=[a-z])").filter(
  ([, command = ""]) => command.includes(" ") && !command.includes("|"),
);

/** What a command line says to a mistake, otherwise 0, and whether it would have run. */
async function parsed(
  make: (act: () => Promise<void>) => Parameters<typeof execute>[0],
  command: string,
): Promise<readonly [said: unknown, ran: boolean]> {
  let ran = false;
  const program = make(async () => {
    ran = true;
  });
  const said = await execute(program, words(filledIn(command))).catch((error: unknown) =>
    error instanceof Problem ? error.text : String(error),
  );
  return [said, ran];
}

describe("a documented command of the operations", () => {
  it("is found on many pages", () => {
    expect(new Set(operations.map(([file]) => file)).size).toBeGreaterThan(4);
    expect(operations.length).toBeGreaterThan(60);
  });

  it.each(operations)("%s: npm run ops -- %s is one that the command line takes", async (_, command = "") => {
    const make = (act: () => Promise<void>) => opsCommand({ out: () => {}, err: () => {} }, act);
    expect(await parsed(make, command)).toEqual([0, true]);
  });
});

describe("a documented command of CDKTF", () => {
  it.each(
    inPages("npm run (plan|apply|destroy) -- "),
  )("%s: npm run %s -- %s names a stack", async (_, verb, command = "") => {
    const make = (act: () => Promise<void>) => stackCommand(verb as Verb, act);
    expect(await parsed(make, command)).toEqual([0, true]);
  });
});

describe("a documented command of npm", () => {
  it.each([
    ...new Set(inPages("npm run ([a-z][a-z-]*)").map(([, script = ""]) => script)),
  ])("npm run %s exists", (script) => {
    expect(Object.keys(manifest.scripts)).toContain(script);
  });
});

describe("a documented command of AWS", () => {
  it.each([
    ...new Set(inPages("aws ([a-z0-9-]+ [a-z0-9-]+)").map(([, operation = ""]) => operation)),
  ])("aws %s exists", (command) => {
    const [service = "", operation = ""] = command.split(" ");
    const client = CLIENTS[service];
    if (client && !COMMAND_LINE_ONLY.includes(command))
      expect(Object.keys(client).map((name) => name.toLowerCase())).toContain(
        `${operation.replaceAll("-", "")}command`,
      );
    else expect(COMMAND_LINE_ONLY).toContain(command);
  });
});

/** Where a client of the SDK is installed, its commands are the service's operations. */
const CLIENTS: Readonly<Record<string, object>> = {
  cloudwatch,
  "cognito-idp": cognito,
  ecs,
  logs,
  rds,
  secretsmanager,
  sts,
};
/** Of the AWS command line alone, or of services whose client is large and used by few pages. */
const COMMAND_LINE_ONLY = [
  "logs tail",
  "rds wait",
  "s3 cp",
  "s3 rb",
  "s3 rm",
  "sso login",
  "sso logout",
  "sns list-subscriptions-by-topic",
  "lambda get-account-settings",
  "acm list-certificates",
  "ec2 describe-nat-gateways",
  "efs describe-file-systems",
  "backup list-backup-jobs",
  "backup list-recovery-points-by-backup-vault",
  "backup start-backup-job",
  "backup start-restore-job",
  "backup describe-restore-job",
  "elasticache describe-events",
  "elasticache describe-replication-groups",
];
