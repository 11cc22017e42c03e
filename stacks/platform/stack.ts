import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import type { Construct } from "constructs";
import { type Deployment, moduleDeployment } from "../../constructs/deployment.ts";
import { foreignIngress } from "../../constructs/foreign-ingress.ts";
import { Secret } from "../../constructs/generated-secret.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import { inputTable } from "../../environments/inputs.ts";
import { type PlatformSettings, platformOf } from "../../environments/platform-settings.ts";
import type { Environment } from "../../environments/schema.ts";
import { platformStack, platformState } from "../../environments/stack-names.ts";
import { MCP_SERVER_PORT } from "../../modules/chat-mcp-server/index.ts";
import { ADMIN_UI_PORT } from "../../modules/chat-synapse/admin-ui/ui.ts";
import { ReadableStack } from "../addresses.ts";
import { inputVariable } from "../input-variable.ts";
import { AlarmTopic } from "../monitoring/alarm-topic.ts";
import { Alarms } from "../monitoring/alarms.ts";
import { asTickets, serviceAlarms } from "../monitoring/service-alarms.ts";
import { RUNBOOK_URL, settings } from "../settings.ts";
import { Database } from "./database.ts";
import { HASURA_PORT, Hasura } from "./hasura.ts";
import { LoadBalancer } from "./load-balancer.ts";
import { PlatformNetwork } from "./network.ts";
import { chatInputs } from "./outputs.ts";
import { UserPool } from "./user-pool.ts";

/** Knows no content yet: links are then shown without a card. */
const NO_CONTENT =
  "query Phenom($id: String!) { content: phenoms_by_pk(id: $id) { title description thumbnail_url media_type } }";

/**
 * What the chat takes as given, for an account that has nothing: network, load balancer, cluster, database, user pool and
 * Hasura. Its outputs are the chat's inputs. An administrator applies it, because it makes what the pipeline's roles must
 * not touch.
 */
export class PlatformStack extends ReadableStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, platformStack(environment.environment));
    const { project, region, state, production } = environment;
    settings(this, {
      environment,
      state: platformState(environment.environment, state),
      module: "platform",
      providers: ["cloudflare", "random"],
    });
    const { accountId } = new DataAwsCallerIdentity(this, "current");
    const part = (name: string): Deployment =>
      moduleDeployment(
        {
          project,
          environment: environment.environment,
          region,
          accountId,
          protectData: production,
          tags: {},
        },
        name,
      );
    const chosen = platformOf(environment);
    const zoneId = inputVariable(this, inputTable.cloudflareZoneId).string;
    const alarmEmails = inputVariable(this, inputTable.alarmEmails).list;
    const contentQuery = inputVariable(this, { ...inputTable.contentQuery, default: NO_CONTENT }).string;

    const network = new PlatformNetwork(this, "network", { deployment: part("network"), ...chosen });
    const loadBalancer = new LoadBalancer(this, "load-balancer", {
      deployment: part("load-balancer"),
      network,
      serverName: environment.serverName,
      cloudflareZoneId: zoneId,
      ingress: chosen.ingress,
    });
    const cluster = this.cluster(part("cluster"), chosen);
    const database = new Database(this, "database", {
      deployment: part("database"),
      network,
      settings: chosen.database,
    });
    const tasks = this.taskGroup(part("tasks"), environment, network, loadBalancer, database);
    const userPool = new UserPool(this, "user-pool", { deployment: part("user-pool"), ...chosen });
    const dockerhub = new Secret(this, "dockerhub", {
      deployment: part("dockerhub"),
      name: `${project}-dockerhub`,
      description: "Username and password of Docker Hub, which an operator fills in",
    });
    const hasura = new Hasura(this, "hasura", {
      deployment: part("hasura"),
      settings: chosen.hasura,
      instanceClass: chosen.database.instanceClass,
      serverName: environment.serverName,
      cluster,
      network,
      loadBalancer,
      database,
      userPool,
      securityGroupId: tasks.id,
      rules: tasks.rules,
    });
    this.alarms(part("alarms"), alarmEmails, cluster.name, loadBalancer, hasura);

    chatInputs(this, {
      vpcId: network.vpcId,
      privateSubnetIds: network.privateSubnetIds,
      ecsClusterArn: cluster.arn,
      ecsClusterName: cluster.name,
      albListenerArn: loadBalancer.listenerArn,
      albArnSuffix: loadBalancer.arnSuffix,
      albSecurityGroupId: loadBalancer.securityGroup.id,
      albDnsName: loadBalancer.dnsName,
      ecsTasksSecurityGroupId: tasks.id,
      rdsHost: database.host,
      rdsPort: database.port,
      rdsDatabase: database.name,
      rdsInstanceIdentifier: database.identifier,
      rdsSecurityGroupId: database.securityGroup.id,
      rdsMasterSecretArn: database.masterSecretArn,
      userPoolId: userPool.id,
      userPoolArn: userPool.arn,
      cognitoDomain: userPool.domain,
      hasuraEndpoint: hasura.endpoint,
      hasuraAdminSecretArn: hasura.adminSecretArn,
      hasuraTargetGroup: hasura.service.targetGroupArnSuffix ?? "",
      natGatewayIds: network.natGatewayIds,
      agentSecretArn: userPool.agentSecretArn,
      dockerhubCredentialsArn: dockerhub.arn,
      cloudflareZoneId: zoneId,
      alarmEmails,
      contentQuery,
    });
  }

  private cluster({ project, tags }: Deployment, { containerInsights }: PlatformSettings) {
    const { arn, name } = new EcsCluster(this, "cluster", {
      name: `${project}-cluster`,
      setting: [{ name: "containerInsights", value: containerInsights ? "enabled" : "disabled" }],
      tags,
    });
    return { arn, name };
  }

  /** Security group of the tasks: Hasura, and the chat's that have no group of their own. */
  private taskGroup(
    deployment: Deployment,
    { ingressRules }: Environment,
    network: PlatformNetwork,
    loadBalancer: LoadBalancer,
    database: Database,
  ): { readonly id: string; readonly rules: SecurityGroup["rules"] } {
    const group = new SecurityGroup(this, "tasks", {
      deployment,
      name: `${deployment.project}-ecs-tasks`,
      description: "ECS tasks",
      vpcId: network.vpcId,
    });
    const [alb, port] = [loadBalancer.securityGroup.id, HASURA_PORT];
    group.allowFrom("alb-hasura", { group: alb, port, description: "Hasura from the load balancer" });
    group.allowTo("vpc", {
      cidrIpv4: network.cidr,
      port: "all",
      description: "Database, Synapse and Hasura, whose own groups say who may come in",
    });
    group.allowTo("internet", {
      cidrIpv4: "0.0.0.0/0",
      port: 443,
      description: "Images, AWS APIs, Cognito, and the webhook of the link preview",
    });
    database.securityGroup.allowFrom("tasks", {
      group: group.id,
      port: database.port,
      description: "PostgreSQL from Hasura and the migration task",
    });
    // The other rules of the chat, where the environment leaves them to the platform. Those for groups that the chat makes
    // itself can't be here.
    const theirs = [
      { rule: "mcpFromAlb", from: alb, port: MCP_SERVER_PORT, what: "MCP server from the load balancer" },
      {
        rule: "adminUiFromAlb",
        from: alb,
        port: ADMIN_UI_PORT,
        what: "Synapse admin UI from the load balancer",
      },
      {
        rule: "hasuraFromEcsTasks",
        from: group.id,
        port,
        what: "Hasura from the MCP server and the metadata task",
      },
    ] as const;
    for (const { rule, from, port, what } of theirs)
      if (ingressRules[rule] === "platform")
        foreignIngress(
          this,
          rule.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
          {
            deployment,
            owner: "chat",
            securityGroupId: group.id,
            from,
            port,
            description: what,
          },
        );
    return { id: group.id, rules: [...group.rules, ...database.securityGroup.rules] };
  }

  private alarms(
    deployment: Deployment,
    emails: string[],
    clusterName: string,
    { arnSuffix }: LoadBalancer,
    { service }: Hasura,
  ): void {
    const prefix = `${deployment.project}-platform`;
    const topic = new AlarmTopic(this, "alarm-topic", { deployment, name: `${prefix}-alarms`, emails });
    new Alarms(this, "alarm", {
      deployment,
      prefix,
      topicArns: { page: topic.arn, ticket: topic.arn },
      runbookUrl: RUNBOOK_URL,
      // The chat's own alarms page for B; these tell who runs the platform.
      alarms: asTickets(
        serviceAlarms(
          { clusterName, loadBalancer: arnSuffix },
          { id: "hasura", name: "Hasura", part: "b", essential: true },
          service,
        ),
      ),
    });
  }
}
