import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DataAwsResourcegroupstaggingapiResources } from "@cdktf/provider-aws/lib/data-aws-resourcegroupstaggingapi-resources";
import { DataAwsRouteTable } from "@cdktf/provider-aws/lib/data-aws-route-table";
import { DataAwsRouteTables } from "@cdktf/provider-aws/lib/data-aws-route-tables";
import { TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import { expression } from "../../constructs/expression.ts";
import { inputTable, type Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";

interface Condition {
  readonly condition: string;
  readonly errorMessage: string;
}

/**
 * Reads the account and the network that belong to others. A plan is refused if the chat can't work there, and the error
 * says what to change.
 */
export class Prerequisites extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { environment }: Environment,
    { vpcId, privateSubnetIds }: Platform,
    /** Value of the tag `Repository` on everything of ours. */
    repository: string,
  ) {
    super(scope, id);
    this.refuseOtherEnvironments(environment, repository);
    this.requireRouteToInternet(environment, vpcId, privateSubnetIds);
  }

  /** Every environment needs an account of its own: names, listener priorities and metrics tell no two apart. */
  private refuseOtherEnvironments(environment: string, repository: string): void {
    const others = `distinct([for r in self.resource_tag_mapping_list : lookup(r.tags, "Environment", "?") if lookup(r.tags, "Environment", "?") != "${environment}"])`;
    new DataAwsResourcegroupstaggingapiResources(this, "target-groups", {
      // Each environment has at least the MCP server's, and a deleted one is gone at once.
      resourceTypeFilters: ["elasticloadbalancing:targetgroup"],
      tagFilter: [{ key: "Repository", values: [repository] }],
      lifecycle: {
        postcondition: [
          {
            condition: `\${length(${others}) == 0}`,
            errorMessage:
              `${environment}: this account runs the environment \${join(", ", ${others})} of the chat already. Two would share ` +
              "the load balancer's priorities, and the metrics and alarms of the functions and the MCP server. Use the " +
              "credentials of another account, or destroy the other environment first.",
          },
        ],
      },
    });
  }

  /** Tasks and functions in a private subnet reach Docker Hub, Cognito and AWS by its default route only. */
  private requireRouteToInternet(environment: string, vpcId: string, privateSubnetIds: string[]): void {
    const subnets = TerraformIterator.fromList(privateSubnetIds);
    const own = new DataAwsRouteTables(this, "own-route-table", {
      forEach: subnets,
      filter: [{ name: "association.subnet-id", values: [subnets.value] }],
    });
    const main = new DataAwsRouteTables(this, "main-route-table", {
      vpcId,
      filter: [{ name: "association.main", values: ["true"] }],
    });
    new DataAwsRouteTable(this, "route-table", {
      forEach: subnets,
      // A subnet without a table of its own uses the main one of its VPC.
      routeTableId: `\${try(${own.fqn}[each.key].ids[0], ${main.fqn}.ids[0])}`,
      lifecycle: {
        postcondition: [
          {
            // An internet gateway serves public addresses only, and no task has one.
            condition: `\${anytrue([for r in self.routes : r.cidr_block == "0.0.0.0/0" && !startswith(coalesce(r.gateway_id, "none"), "igw-")])}`,
            errorMessage:
              `${environment}: the subnet \${each.key} in ${inputTable.privateSubnetIds.name} has no route to the internet: its route table ` +
              `\${self.id} has no route 0.0.0.0/0 to a NAT gateway. Tasks have no public address, so they could neither pull ` +
              "their images nor reach Cognito. Ask the VPC's owner for a NAT gateway and the route, or name other subnets.",
          },
        ],
      },
    });
  }
}

/** The account of the credentials, and the check that the inputs belong to it and to each other. */
export function account(scope: Construct, environment: Environment, inputs: Platform): DataAwsCallerIdentity {
  const own = (key: "ecsClusterArn" | "albListenerArn" | "userPoolArn", why: string): Condition => {
    const part = (index: number) => `element(split(":", ${expression(scope, inputs[key])}), ${index})`;
    return {
      condition: `\${${part(3)} == "${environment.region}" && ${part(4)} == self.account_id}`,
      errorMessage:
        `${environment.environment}: ${inputTable[key].name} is in account \${${part(4)}} and region \${${part(3)}}, the credentials ` +
        `and the environment in \${self.account_id} and ${environment.region}. ${why} ` +
        "Use the credentials of that account, or name the resource of this one.",
    };
  };
  const same = (
    key: "ecsClusterArn" | "albListenerArn" | "userPoolArn",
    other: "ecsClusterName" | "albArnSuffix" | "userPoolId",
    test: (arn: string, value: string) => string,
  ): Condition => {
    const [arn, value] = [expression(scope, inputs[key]), expression(scope, inputs[other])];
    return {
      condition: `\${${test(arn, value)}}`,
      errorMessage:
        `${environment.environment}: ${inputTable[key].name} (\${${arn}}) and ${inputTable[other].name} (\${${value}}) name two ` +
        "different resources: correct one of them.",
    };
  };
  return new DataAwsCallerIdentity(scope, "current", {
    lifecycle: {
      postcondition: [
        own("ecsClusterArn", "Services run in a cluster of their own account."),
        own("albListenerArn", "A listener forwards to target groups of its own account."),
        own(
          "userPoolArn",
          "Cognito invokes functions, and the load balancer signs people in, within one account.",
        ),
        same("ecsClusterArn", "ecsClusterName", (arn, name) => `endswith(${arn}, ":cluster/\${${name}}")`),
        same(
          "albListenerArn",
          "albArnSuffix",
          (arn, name) => `strcontains(${arn}, ":listener/\${${name}}/")`,
        ),
        same("userPoolArn", "userPoolId", (arn, name) => `endswith(${arn}, ":userpool/\${${name}}")`),
      ],
    },
  });
}
