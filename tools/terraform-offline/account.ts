import { readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import type { WrittenSecret } from "./run-state.ts";

const schema = z.object({
  /** What exists, with the attributes that the provider would read. */
  resources: z
    .array(
      z.object({
        type: z.string(),
        /** Id by which it is imported. */
        id: z.string(),
        attributes: z.record(z.string(), z.json()),
      }),
    )
    .default([]),
  /** Texts of secrets by ARN. */
  secrets: z.record(z.string(), z.string()).default({}),
});

/** An account that holds resources and secrets before the run. */
export type Account = z.output<typeof schema>;

/** The account in the file that TF_OFFLINE_ACCOUNT names; `undefined` without it. @throws Error where it is malformed */
export function readAccount(file = process.env["TF_OFFLINE_ACCOUNT"]): Account | undefined {
  if (!file) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`TF_OFFLINE_ACCOUNT: ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Adds the secrets that a run wrote to the account's file, as they would stand in the account. */
export function keepSecrets(
  written: Iterable<WrittenSecret>,
  file = process.env["TF_OFFLINE_ACCOUNT"],
): void {
  const account = readAccount(file);
  if (!file || !account) return;
  for (const { arn, text } of written)
    if (typeof arn === "string" && typeof text === "string") account.secrets[arn] = text;
  writeFileSync(file, JSON.stringify(account, null, 2), { mode: 0o600 });
}
