import type { TerraformResource } from "cdktf";
import type { FargateService } from "../../constructs/fargate-service.ts";
import type { FargateTask } from "../../constructs/fargate-task.ts";
import { ListenerRule } from "../../constructs/listener-rule.ts";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import { readMigrations } from "../../migrations/files.ts";
import { version } from "../../shared/version.ts";
import type { ReadableStack } from "../addresses.ts";
import type { Parts } from "./outputs.ts";

type Output = (name: string, description: string, value: unknown) => void;
type OperatedParts = Pick<Parts, "environment" | "deployment" | "given" | "synapse" | "hasura" | "mcp">;

/** What `npm run ops` finds the environment by, and compares it with. */
export function operationsOutputs(stack: ReadableStack, parts: OperatedParts, output: Output): void {
  const { environment, deployment, given, synapse, hasura, mcp } = parts;
  const { minCount, maxCount } = environment.services.mcp;

  output("account_id", "AWS account of the environment: operations refuse any other", deployment.accountId);
  output("release", "Version of the code that was applied", version);
  output("cluster", "ECS cluster of the services and one-shot tasks", given.ecsClusterName);
  output(
    "services",
    "ECS services by part, as they should run",
    present({
      synapse: synapse && service(synapse.services.synapse),
      synapse_admin: synapse?.services.synapseAdmin && service(synapse.services.synapseAdmin),
      ...Object.fromEntries(
        Object.entries(synapse?.services.workers ?? {}).map(([worker, workerService]) => [
          `synapse_${worker.replace("-", "_")}`,
          service(workerService),
        ]),
      ),
      mcp: { ...service(mcp.service), least_tasks: minCount, most_tasks: maxCount },
    }),
  );
  const oneShot = (
    task: FargateTask,
    securityGroup: string,
    neededResources: readonly TerraformResource[] = [],
  ) => ({
    // Whole in itself, and without a reference to what the tasks don't need: while they alone are applied, Terraform
    // leaves out every output that speaks of anything else.
    cluster: given.ecsClusterName,
    family: task.family,
    container: task.family,
    subnets: given.privateSubnetIds,
    security_groups: [securityGroup],
    log_group: task.logGroup.nameInput,
    addresses: [task.definition, ...task.dependencies, ...neededResources].map(
      ({ terraformResourceType, friendlyUniqueId }) => `${terraformResourceType}.${friendlyUniqueId}`,
    ),
  });
  const tasks = given.ecsTasksSecurityGroupId;
  output(
    "one_shot_tasks",
    "Task definitions to run once, where they run, and the Terraform addresses that they need before the rest",
    present({
      database_setup:
        synapse && oneShot(synapse.tasks.databaseSetup, synapse.securityGroupId, synapse.waysOut),
      migration: hasura && oneShot(hasura.hasuraLite.tasks.migration, tasks),
      metadata: hasura && oneShot(hasura.hasuraLite.tasks.metadata, tasks),
      bootstrap: synapse && oneShot(synapse.tasks.bootstrap, tasks),
    }),
  );
  output(
    "functions",
    "Lambda functions by handler",
    Object.fromEntries(
      found(stack, NodeLambda).map(({ handler, name, logGroupName }) => [
        handler.replaceAll("-", "_"),
        { name, log_group: logGroupName },
      ]),
    ),
  );
  output(
    "listener_rules",
    "Rules of the load balancer's listener, as they should be",
    Object.fromEntries(
      found(stack, ListenerRule).map((rule) => [
        rule.friendlyUniqueId,
        {
          arn: rule.arn,
          priority: rule.props.priority,
          host: rule.props.host,
          paths: rule.props.paths,
          actions: rule.actionTypes,
          ...("forwardTo" in rule.props.action && { target_group: rule.props.action.forwardTo }),
        },
      ]),
    ),
  );
  output("dns_record", "The server name at Cloudflare, as it should be", {
    zone_id: given.cloudflareZoneId,
    name: environment.serverName,
    content: given.albDnsName,
    proxied: true,
  });
  output("database", "RDS instance", {
    identifier: given.rdsInstanceIdentifier,
    host: given.rdsHost,
    port: given.rdsPort,
  });
  if (hasura)
    output(
      "migrations",
      "Migrations with the checksums that the database's bookkeeping should hold",
      Object.fromEntries(readMigrations().map(({ name, checksum }) => [name, checksum])),
    );
  output(
    "sign_in",
    "User pool that people and agents sign in to, and the secret with the agent's own account",
    {
      user_pool_id: given.userPoolId,
      domain: given.cognitoDomain,
      agent_secret_arn: given.agentSecretArn,
    },
  );
}

const service = ({ name, task, targetGroupArn, mostTasks }: FargateService) => ({
  name,
  container: task.family,
  image: task.container.image.uri,
  task_definition: task.definition.arn,
  log_group: task.logGroup.name,
  ...(targetGroupArn !== undefined && { target_group: targetGroupArn }),
  ...(mostTasks !== undefined && { most_tasks: mostTasks }),
});

/** `record` without what the environment has not. */
export const present = <T>(record: Record<string, T | undefined>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined));

/** Every construct of a class, in the stack's order. */
const found = <T>(stack: ReadableStack, type: abstract new (...args: never[]) => T): T[] =>
  stack.node.findAll().filter((construct): construct is typeof construct & T => construct instanceof type);
