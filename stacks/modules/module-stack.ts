import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { App, ref, TerraformResource, Token } from "cdktf";
import type { IConstruct } from "constructs";
import * as z from "zod";
import { type Deployment, moduleDeployment } from "../../constructs/deployment.ts";
import { ReadableStack } from "../addresses.ts";
import { inputVariable, type VariableInput, type VariableValue } from "../input-variable.ts";

/** Blocks of Terraform's JSON syntax, by name: `{ type: { name: body } }` or `{ name: body }`. */
const blocks = z.record(z.string(), z.record(z.string(), z.unknown()));
const typedBlocks = z.record(z.string(), blocks).default({});

const configuration = z.object({
  variable: blocks.default({}),
  output: blocks.default({}),
  data: typedBlocks,
  ephemeral: typedBlocks,
  resource: typedBlocks,
});

/** What a module consists of, in Terraform's JSON syntax. */
export type Configuration = z.output<typeof configuration>;

/** The main construct of a module adds nothing to its addresses. */
export const MAIN = "Default";

/** A Terraform expression as a string. */
export const text = (expression: string): string => Token.asString(ref(expression));
/** A Terraform expression as a number. */
export const number = (expression: string): number => Token.asNumber(ref(expression));

/** ARN of the user pool that the variable `cognito_user_pool_id` names. */
export const userPoolArn = ({ region, accountId }: Deployment): string =>
  `arn:aws:cognito-idp:${region}:${accountId}:userpool/${text("var.cognito_user_pool_id")}`;

/** Stack of one Terraform module: variables and outputs, but neither provider nor backend, which are the caller's. */
export class ModuleStack extends ReadableStack {
  readonly #module: string;

  constructor(module: string) {
    super(new App({ stackTraces: false, skipValidation: true }), module);
    this.#module = module;
  }

  /** Declares variables. @returns references to their values, by name */
  variables<Name extends string>(
    inputs: Readonly<Record<Name, Omit<VariableInput, "name">>>,
  ): Readonly<Record<Name, VariableValue>> {
    const entries = Object.entries<Omit<VariableInput, "name">>(inputs).map(([name, input]) => [
      name,
      inputVariable(this, { ...input, name }),
    ]);
    return Object.fromEntries(entries);
  }

  /** What all resources share, of the variables `project_name`, `environment`, `permissions_boundary_arn`. */
  deployment(variables: {
    readonly project_name: VariableValue;
    readonly environment: VariableValue;
    readonly permissions_boundary_arn: VariableValue;
    readonly secret_kms_key_arns?: VariableValue;
  }): Deployment {
    const account = new DataAwsCallerIdentity(this, "current");
    new DataAwsRegion(this, "region");
    const deployment: Deployment = {
      project: variables.project_name.string,
      environment: variables.environment.string,
      region: text("data.aws_region.region.region"),
      accountId: account.accountId,
      permissionsBoundary: variables.permissions_boundary_arn.string,
      // Terraform takes no variable in prevent_destroy. What depends on it otherwise follows `environment`.
      protectData: false,
      ...(variables.secret_kms_key_arns && { secretKmsKeyArns: variables.secret_kms_key_arns.list }),
      tags: {},
    };
    return moduleDeployment(deployment, this.#module);
  }

  /**
   * Makes the resource at a path of construct ids only where a condition holds, which must be known at plan.
   * @throws Error if no construct with these ids is a resource
   */
  onlyWhere(condition: string, ...ids: string[]): void {
    const construct = ids.reduce<IConstruct>((scope, id) => scope.node.findChild(id), this);
    if (!TerraformResource.isTerraformResource(construct))
      throw new Error(`${this.#module}: ${ids.join("/")} is no resource`);
    construct.addOverride("count", `\${${condition} ? 1 : 0}`);
  }

  /** The module's blocks, the same at every run. */
  configuration(): Configuration {
    const { variable, output, data, ephemeral, resource } = configuration.parse(this.toTerraform());
    for (const type of [...Object.values(data), ...Object.values(resource)])
      for (const body of Object.values(type)) delete body["//"];
    // CDKTF writes these as expressions, which Terraform refuses here.
    for (const body of Object.values(output))
      if (Array.isArray(body["depends_on"]))
        body["depends_on"] = body["depends_on"].map((address) =>
          String(address).replace(/^\$\{(.+)\}$/, "$1"),
        );
    for (const body of Object.values(resource["aws_secretsmanager_secret"] ?? {}))
      body["recovery_window_in_days"] = `\${${PRODUCTION} ? 30 : 0}`;
    for (const body of Object.values(resource["aws_backup_vault"] ?? {}))
      body["force_destroy"] = `\${!(${PRODUCTION})}`;
    return { variable, output, data, ephemeral, resource };
  }
}

const PRODUCTION = 'var.environment == "production"';
