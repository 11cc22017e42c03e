import { AdminGetUserCommand, AdminSetUserPasswordCommand } from "@aws-sdk/client-cognito-identity-provider";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { type Change, summaryLines } from "./plan.ts";
import type { Terraform } from "./terraform.ts";

/** The parts of Terraform that the platform's deployment uses. */
export type PlatformTerraform = Pick<Terraform, "plan" | "apply" | "outputs">;

const value = <T extends z.ZodType>(schema: T) => z.object({ value: schema });
const outputsSchema = z.object({
  cognito_user_pool_id: value(z.string()),
  agent_secret_arn: value(z.string()),
});
const agentSecret = z.object({ AGENT_USERNAME: z.string().min(1), AGENT_PASSWORD: z.string().min(1) });

/**
 * What the second pass may change: triggers of the user pool, and the secret that Hasura's tasks get. Anything more means
 * that something changed since the first.
 */
const secondPass = [
  "aws_cognito_user_pool.user_pool",
  "aws_iam_role_policy.hasura_service_task_execution_policy",
  "aws_ecs_task_definition.hasura_service_task",
  "aws_ecs_service.hasura_service",
];

/**
 * The platform of an environment, deployed with its chat. The chat needs the platform's outputs, and the platform needs the
 * chat's functions and its event secret, so the platform is applied before and after.
 */
export class PlatformDeployment {
  readonly #context: Context;
  readonly #terraform: PlatformTerraform;

  constructor(context: Context, terraform: PlatformTerraform) {
    this.#context = context;
    this.#terraform = terraform;
  }

  /** Applies everything, and sets the agent's password. @returns false if it was only a dry run */
  async first(): Promise<boolean> {
    const { report, environment } = this.#context;
    report.progress("== platform, first pass");
    const plan = await this.#terraform.plan();
    for (const line of summaryLines(plan.changes)) report.line(`platform: ${line}`);
    const steps = [
      `apply ${plan.changes.length} changes of the platform of ${environment.environment}`,
      "set the password of the agent's account, if it has none",
    ];
    if (!(await this.#context.confirm(steps))) return false;
    if (plan.changes.length) await this.#terraform.apply(plan);
    await this.#setAgentPassword();
    return true;
  }

  /** Attaches what the chat's apply has made. */
  async second(): Promise<void> {
    this.#context.report.progress("== platform, second pass");
    const plan = await this.#terraform.plan();
    refuseMore(plan.changes);
    if (plan.changes.length) await this.#terraform.apply(plan);
  }

  /** Terraform would keep a password in its state, so the account is made without one. */
  async #setAgentPassword(): Promise<void> {
    const { aws, report } = this.#context;
    const outputs = outputsSchema.parse(JSON.parse(await this.#terraform.outputs()));
    const SecretId = outputs.agent_secret_arn.value;
    const { SecretString = "" } = await aws.secrets.send(new GetSecretValueCommand({ SecretId }));
    const parsed = agentSecret.safeParse(fromJson(SecretString));
    if (!parsed.success)
      throw new Problem(
        `${SecretId} lacks AGENT_USERNAME or AGENT_PASSWORD`,
        "It is written by the platform's stack: taint aws_secretsmanager_secret_version.user_pool_agent_secret_version, and deploy again",
      );
    const { AGENT_USERNAME: Username, AGENT_PASSWORD: Password } = parsed.data;
    const user = { UserPoolId: outputs.cognito_user_pool_id.value, Username };
    const { UserStatus } = await aws.cognito.send(new AdminGetUserCommand(user));
    if (UserStatus === "CONFIRMED") return;
    await aws.cognito.send(new AdminSetUserPasswordCommand({ ...user, Password, Permanent: true }));
    report.progress(`${Username}: its password is the one in the secret`);
  }
}

function refuseMore(changes: readonly Change[]): void {
  const more = changes.filter(
    ({ address, action }) => action === "delete" || !secondPass.includes(address.replace(/\[.*\]$/, "")),
  );
  if (more.length === 0) return;
  throw new Problem(
    `the platform's second pass would also:\n${more.map(({ action, address }) => `  ${action} ${address}`).join("\n")}`,
    "Something has changed since the first pass: look at npm run plan, and deploy again",
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
