import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";

/** Terraform's own name for the file. */
export const LOCK_FILE = ".terraform.lock.hcl";

/** Option of `terraform init`: it takes the versions of the lock file, and fails where a checksum differs. */
export const READ_ONLY_LOCK = "-lockfile=readonly";

/** Machines that plan and apply: GitHub's runners, and people's. */
const PLATFORMS = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"];

/** The committed lock of an environment: versions and checksums of its providers. */
export const lockOf = (environment: string): string => `environments/${environment}.terraform.lock.hcl`;

const stackSchema = z.object({
  terraform: z.looseObject({
    required_providers: z.record(z.string(), z.object({ source: z.string(), version: z.string() })),
  }),
});

/** The providers that a synthesised stack requires. */
const requiredProviders = (json: string) => stackSchema.parse(JSON.parse(json)).terraform.required_providers;

/** A provider's name in lock files. */
const address = (source: string) =>
  `registry.terraform.io/${source.includes("/") ? source : `hashicorp/${source}`}`;

export interface LockedProvider {
  readonly version: string;
  readonly constraints: string;
  readonly hashes: readonly string[];
  /** Its block in the file. */
  readonly block: string;
}

/** The providers of a lock file by address. */
export function lockedProviders(text: string): Map<string, LockedProvider> {
  const value = (block: string, name: string) =>
    new RegExp(`^ {2}${name} += "(.*)"$`, "m").exec(block)?.[1] ?? "";
  return new Map(
    [...text.matchAll(/^provider "(.+)" \{\n(?:.*\n)*?\}\n/gm)].map(([block, name = ""]) => [
      name,
      {
        version: value(block, "version"),
        constraints: value(block, "constraints"),
        hashes: [...block.matchAll(/"((?:h1|zh):[^"]+)"/g)].map(([, hash = ""]) => hash),
        block,
      },
    ]),
  );
}

/**
 * Puts an environment's lock beside a synthesised stack, with the providers that the stack requires, because Terraform
 * refuses a read-only lock file with others.
 */
export function placeLock(environment: string, stack: string): void {
  const lock = lockOf(environment);
  if (!existsSync(lock))
    throw new Problem(
      `${lock} is missing`,
      "Copy another environment's: docs/pipeline.md#versions-of-the-providers",
    );
  const locked = lockedProviders(readFileSync(lock, "utf8"));
  const required = Object.values(requiredProviders(readFileSync(path.join(stack, "cdk.tf.json"), "utf8")));
  const blocks = required.flatMap(({ source }) => locked.get(address(source))?.block ?? []).sort();
  writeFileSync(path.join(stack, LOCK_FILE), blocks.join("\n"));
}

/**
 * Asks the registry for the newest versions that a stack's constraints allow, and for their checksums on every platform.
 * @param options of `terraform providers lock`, such as a mirror
 */
export async function updateLock(
  stack: string,
  target: string,
  options: readonly string[] = [],
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-lock-"));
  try {
    const required_providers = requiredProviders(readFileSync(path.join(stack, "cdk.tf.json"), "utf8"));
    writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
    const platforms = PLATFORMS.map((platform) => `-platform=${platform}`);
    await promisify(execFile)(
      "terraform",
      [`-chdir=${folder}`, "providers", "lock", ...platforms, ...options],
      {
        env: { ...process.env, CHECKPOINT_DISABLE: "1" },
      },
    );
    copyFileSync(path.join(folder, LOCK_FILE), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
