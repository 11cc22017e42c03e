import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { AssetType, type ITerraformDependable, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { type PolicyStatement, policyDocument, readSecrets, trustService } from "./iam-policy.ts";
import { LogGroup } from "./log-group.ts";
import { checkedName } from "./names.ts";
import { ServiceRole } from "./service-role.ts";

/** Subnets and security group of a function in the VPC. */
export interface LambdaNetwork {
  readonly subnetIds: string[];
  readonly securityGroupId: string;
  /** Rules of that group, and those that let it in elsewhere: the function exists only as long as they do. */
  readonly rules: readonly ITerraformDependable[];
}

export interface NodeLambdaProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly description: string;
  /** Folder below `lambdas/` whose bundle is deployed. */
  readonly handler: string;
  /** MiB, from 128. */
  readonly memory: number;
  /** Seconds after which Lambda ends an invocation. */
  readonly timeout: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Statements of the function's role, in addition to writing its log. @default - none */
  readonly policy?: readonly PolicyStatement[];
  /** Secrets that the code reads. @default - none */
  readonly secretArns?: readonly string[];
  /** @default - outside the VPC */
  readonly network?: LambdaNetwork;
  /** Maximum concurrent invocations, to protect what the function calls; -1 for the account's limit. @default -1 */
  readonly reservedConcurrency?: number;
}

/** Folder in which the build writes one zip for each handler. */
const BUNDLES = "build/lambdas";

/** What Lambda needs to manage the network interfaces of a function in a VPC, by its developer guide. */
const networkInterfaces = (deployment: Deployment, functionArn: string): PolicyStatement[] => [
  {
    Sid: "DescribeNetwork",
    Effect: "Allow",
    Action: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
    Resource: "*",
  },
  {
    Sid: "ManageNetworkInterfaces",
    Effect: "Allow",
    Action: [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ],
    Resource: `arn:aws:ec2:${deployment.region}:${deployment.accountId}:*/*`,
  },
  {
    // These rights are for Lambda itself; the function's code gets none of them.
    Sid: "NotFromCode",
    Effect: "Deny",
    Action: "ec2:*",
    Resource: "*",
    Condition: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
  },
];

/** A bundled Node.js function with its log group and a least-privilege role. */
export class NodeLambda extends Construct {
  readonly name: string;
  readonly arn: string;
  readonly invokeArn: string;
  /** Folder below `lambdas/`. */
  readonly handler: string;
  /** Seconds. */
  readonly timeout: number;
  readonly logGroupName: string;
  readonly environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: NodeLambdaProps) {
    super(scope, id);
    const { deployment, name, description, handler, environment, network, policy = [] } = props;
    const { region, accountId } = deployment;
    const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;

    const logGroup = new LogGroup(this, "log-group", { deployment, name: `/aws/lambda/${name}` });

    const role = new ServiceRole(this, "role", {
      deployment,
      name: `${name}-lambda`,
      description: `What ${name} may do`,
      assumeRolePolicy: trustService("lambda.amazonaws.com", { arn, accountId }),
    });
    const rights = new IamRolePolicy(this, "policy", {
      name: "function",
      role: role.id,
      policy: policyDocument(
        logGroup.writeStatement,
        ...(network ? networkInterfaces(deployment, arn) : []),
        ...policy,
        ...readSecrets(deployment, props.secretArns ?? []),
      ),
    });

    const zip = `${BUNDLES}/${handler}.zip`;
    const bundle = new TerraformAsset(this, "bundle", { path: zip, type: AssetType.FILE });

    const fn = new LambdaFunction(this, "Default", {
      functionName: checkedName(this, "Lambda function", name),
      description,
      role: role.arn,
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      handler: "index.handler",
      filename: bundle.path,
      sourceCodeHash: createHash("sha256").update(readFileSync(zip)).digest("base64"),
      memorySize: props.memory,
      timeout: props.timeout,
      loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
      ...(environment && { environment: { variables: { ...environment } } }),
      ...(network && {
        vpcConfig: { subnetIds: network.subnetIds, securityGroupIds: [network.securityGroupId] },
      }),
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      dependsOn: [rights, ...(network?.rules ?? [])],
      tags: deployment.tags,
    });

    this.name = fn.functionName;
    this.arn = fn.arn;
    this.invokeArn = fn.invokeArn;
    this.handler = handler;
    this.timeout = props.timeout;
    this.logGroupName = logGroup.name;
    this.environment = environment ?? {};
  }
}
