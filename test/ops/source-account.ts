import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateUserPoolClientCommand } from "@aws-sdk/client-cognito-identity-provider";
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand } from "@aws-sdk/client-ec2";
import { CreateServiceCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { CreateRuleCommand, CreateTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { type PlatformAccount, platformClients, secret } from "./platform.ts";

const region = { region: "us-east-1" };
const HOST = "chat-testing.thephenom.app";

/** Names and ports of the source's services, and the paths that its listener rules route to them. */
const services = [
  ["phenom-dev-synapse", "phenom-dev-syn-tg", 8008, 200, ["/_matrix/*", "/_synapse/*"]],
  ["phenom-dev-synapse-admin", "phenom-dev-syn-admin-tg", 80, 201, ["/chat-admin/*"]],
  ["phenom-dev-chat-mcp", "phenom-dev-mcp-tg", 3001, 300, ["/mcp/*"]],
] as const;

/**
 * Makes the chat in an account of moto as the source's guide deploys it: services, rules, clients, secrets, security
 * group and log groups under its names, with its settings where those differ from ours.
 * @param homeserverYaml the configuration in the source's secret
 */
export async function sourceChat({ inputs }: PlatformAccount, homeserverYaml: string) {
  const { cognito, ec2, ecs, elb, secrets } = platformClients();
  const iam = new IAMClient(region);
  const logs = new CloudWatchLogsClient(region);
  const text = (name: string) => String(inputs[name]);

  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({
      VpcId: text("vpc_id"),
      GroupName: "phenom-dev-synapse",
      Description: "Security group for Synapse",
    }),
  );
  const ingress = (GroupId: string, port: number, from: string) =>
    ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: port, ToPort: port, UserIdGroupPairs: [{ GroupId: from }] },
        ],
      }),
    );
  await ingress(GroupId, 8008, text("alb_security_group_id"));
  await ingress(text("rds_security_group_id"), 5432, GroupId);
  await ingress(text("ecs_tasks_security_group_id"), 3001, text("alb_security_group_id"));
  await ingress(text("ecs_tasks_security_group_id"), 80, text("alb_security_group_id"));

  for (const [name, targetGroup, port, priority, paths] of services) {
    await logs.send(new CreateLogGroupCommand({ logGroupName: `/ecs/${name}` }));
    const { TargetGroups } = await elb.send(
      new CreateTargetGroupCommand({
        Name: targetGroup,
        Protocol: "HTTP",
        Port: port,
        VpcId: text("vpc_id"),
        TargetType: "ip",
        HealthCheckPath: port === 80 ? "/" : "/health",
      }),
    );
    const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn;
    await elb.send(
      new CreateRuleCommand({
        ListenerArn: text("alb_listener_arn"),
        Priority: priority,
        Conditions: [
          { Field: "host-header", HostHeaderConfig: { Values: [HOST] } },
          { Field: "path-pattern", PathPatternConfig: { Values: [...paths] } },
        ],
        Actions: [{ Type: "forward", TargetGroupArn }],
      }),
    );
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: name,
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "512",
        memory: "1024",
        containerDefinitions: [{ name, image: `example/${name}:testing`, essential: true }],
      }),
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster: "phenom-dev-cluster",
        serviceName: name,
        taskDefinition: name,
        desiredCount: 1,
        launchType: "FARGATE",
        loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: name, containerPort: port }],
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: inputs["private_subnet_ids"] as string[],
            securityGroups: [port === 8008 ? GroupId : text("ecs_tasks_security_group_id")],
            assignPublicIp: "DISABLED",
          },
        },
      }),
    );
  }

  const client = (ClientName: string, settings: object) =>
    cognito.send(
      new CreateUserPoolClientCommand({
        UserPoolId: text("cognito_user_pool_id"),
        ClientName,
        GenerateSecret: true,
        ...settings,
      }),
    );
  const synapse = await client("phenom-dev-synapse-oidc", {
    AllowedOAuthFlows: ["code"],
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthScopes: ["openid", "email", "profile"],
    CallbackURLs: [`https://${HOST}/_synapse/client/oidc/callback`],
    SupportedIdentityProviders: ["COGNITO"],
  });
  const agent = await client("phenom-dev-chat-agent", {
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  for (const name of ["phenom-dev-link-preview", "phenom-dev-chat-user-provisioner"]) {
    await iam.send(
      new CreateRoleCommand({
        RoleName: `${name}-lambda`,
        AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
      }),
    );
    await logs.send(new CreateLogGroupCommand({ logGroupName: `/aws/lambda/${name}` }));
  }
  return {
    securityGroup: GroupId,
    synapseClient: String(synapse.UserPoolClient?.ClientId),
    agentClient: String(agent.UserPoolClient?.ClientId),
    clientsSecret: await secret({ secrets }, "phenom-dev-development-chat-clients", { synapse: "s" }),
    homeserverSecret: await secret({ secrets }, "phenom-dev-synapse-homeserver-config", homeserverYaml),
  };
}
