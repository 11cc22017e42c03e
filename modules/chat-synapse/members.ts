import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import { Schedule } from "../../constructs/schedule.ts";
import type { ChatSynapseProps } from "./props.ts";
import type { SynapseSecrets } from "./secrets.ts";

/**
 * Function that brings the private rooms in line with the Cognito groups, with its schedule. It runs in the security group
 * of the ECS tasks, which reach Synapse already.
 *
 * @param url the homeserver's address inside the VPC
 * @param rules by which that group reaches Synapse
 */
export function membersFunction(
  scope: Construct,
  { deployment, network, ecsTasksSecurityGroupId, cognito, serverName }: ChatSynapseProps,
  secrets: SynapseSecrets,
  url: string,
  rules: readonly ITerraformDependable[],
): NodeLambda {
  const fn = new NodeLambda(scope, "members", {
    deployment,
    name: `${deployment.project}-chat-synapse-members`,
    description: "Brings the private Matrix rooms in line with the Cognito groups; erases people",
    handler: "synapse-members",
    memory: 128,
    timeout: 300,
    network: {
      subnetIds: network.privateSubnetIds,
      securityGroupId: ecsTasksSecurityGroupId,
      rules,
    },
    environment: {
      SYNAPSE_URL: url,
      SYNAPSE_SERVER_NAME: serverName,
      SYNAPSE_ADMIN_SECRET_ARN: secrets.adminBot.arn,
    },
    policy: [
      {
        Sid: "ReadGroups",
        Effect: "Allow",
        Action: "cognito-idp:ListUsersInGroup",
        Resource: cognito.userPoolArn,
      },
    ],
    secretArns: [secrets.adminBot.arn],
  });
  new Schedule(scope, "members-sync", {
    deployment,
    name: `${deployment.project}-chat-synapse-group-sync`,
    description: "Ends the access to Matrix rooms of people who left a Cognito group, within five minutes",
    everyMinutes: 4,
    fn,
    input: { task: "groups", userPoolId: cognito.userPoolId },
  });
  return fn;
}
