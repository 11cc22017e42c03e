import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A Terraform configuration in JSON. */
export type Configuration = Readonly<Record<string, unknown>>;

const SOURCES = ["hashicorp/aws", "hashicorp/random", "hashicorp/tls", "cloudflare/cloudflare"];

const required_providers = Object.fromEntries(SOURCES.map((source) => [source.split("/")[1], { source }]));

export const emptyFolder = (): string => mkdtempSync(path.join(tmpdir(), "phenom-chat-"));

/** Writes the configuration as CDKTF does, with the providers that it may need. */
export function writeConfiguration(folder: string, configuration: Configuration): void {
  const document = { terraform: { required_providers }, ...configuration };
  writeFileSync(path.join(folder, "cdk.tf.json"), JSON.stringify(document, null, 2));
}

export function folderOf(configuration: Configuration): string {
  const folder = emptyFolder();
  writeConfiguration(folder, configuration);
  return folder;
}
