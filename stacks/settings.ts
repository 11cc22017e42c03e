import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { S3Backend } from "cdktf";
import { REPOSITORY } from "../environments/pipeline-settings.ts";
import type { Environment } from "../environments/schema.ts";
import type { ReadableStack } from "./addresses.ts";

/** Linked in every alarm's mail. */
export const RUNBOOK_URL = `https://github.com/${REPOSITORY}/blob/main/docs/runbook.md`;
/** `random` and Terraform itself are the versions that ephemeral values and write-only arguments take. */
const TERRAFORM_VERSION = ">= 1.11.0";
const RANDOM = { source: "hashicorp/random", version: "~> 3.7" };
/**
 * CDKTF's classes know 6.25. Until 6.26 a plan reads write-only secrets, which the planning role may not.
 * https://github.com/hashicorp/terraform-provider-aws/pull/44876
 */
const AWS_PROVIDER_VERSION = "~> 6.27";

export interface SettingsProps {
  readonly environment: Environment;
  /** Where Terraform keeps the stack's state. */
  readonly state: Environment["state"];
  /** Value of the tag `Module` on resources that set none. */
  readonly module: string;
  /** Providers beside AWS. @default - none */
  readonly providers?: readonly ("cloudflare" | "random")[];
}

/** Backend, providers and versions of a stack. */
export function settings(
  stack: ReadableStack,
  { environment: { environment, project, region }, state, module, providers = [] }: SettingsProps,
): void {
  const backend = new S3Backend(stack, { ...state, encrypt: true });
  // CDKTF's class doesn't know the lock file that Terraform keeps in S3 itself.
  backend.addOverride("use_lockfile", true);
  new AwsProvider(stack, "aws", {
    region,
    defaultTags: [
      { tags: { Project: project, Environment: environment, Repository: REPOSITORY, Module: module } },
    ],
  });
  if (providers.includes("cloudflare")) new CloudflareProvider(stack, "cloudflare", {});
  if (providers.includes("random")) stack.addOverride("terraform.required_providers.random", RANDOM);
  stack.addOverride("terraform.required_version", TERRAFORM_VERSION);
  stack.addOverride("terraform.required_providers.aws.version", AWS_PROVIDER_VERSION);
}
