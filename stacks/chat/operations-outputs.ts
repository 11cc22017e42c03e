import type { TerraformResource } from "cdktf";
import type { FargateService } from "../../constructs/fargate-service.ts";
import type { FargateTask } from "../../constructs/fargate-task.ts";
import { ListenerRule } from "../../constructs/listener-rule.ts";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import type { OneShotTask, ServiceOutput, StackOutputs } from "../../environments/outputs.ts";
import { readMigrations } from "../../migrations/files.ts";
import { version } from "../../shared/version.ts";
import type { ReadableStack } from "../addresses.ts";
import type { Modules, StackInputs } from "./modules.ts";

/** The outputs by which `npm run ops` finds an environment and checks its state. */
export function operationsOutputs(
  stack: ReadableStack,
  stackInputs: StackInputs,
  modules: Modules,
): Pick<
  StackOutputs,
  | "account_id"
  | "release"
  | "cluster"
  | "services"
  | "one_shot_tasks"
  | "functions"
  | "listener_rules"
  | "dns_record"
  | "database"
  | "migrations"
  | "sign_in"
> {
  const { environment, deployment, inputs } = stackInputs;
  return {
    account_id: deployment.accountId,
    release: version,
    cluster: inputs.ecsClusterName,
    services: services(stackInputs, modules),
    one_shot_tasks: oneShotTasks(stackInputs, modules),
    functions: Object.fromEntries(
      found(stack, NodeLambda).map(({ handler, name, logGroupName }) => [
        handler.replaceAll("-", "_"),
        { name, log_group: logGroupName },
      ]),
    ),
    listener_rules: Object.fromEntries(
      found(stack, ListenerRule).map((rule) => [
        rule.friendlyUniqueId,
        {
          arn: rule.arn,
          priority: rule.props.priority,
          host: rule.props.host,
          paths: [...rule.props.paths],
          actions: [...rule.actionTypes],
          target_group: "forwardTo" in rule.props.action ? rule.props.action.forwardTo : undefined,
        },
      ]),
    ),
    dns_record: {
      zone_id: inputs.cloudflareZoneId,
      name: environment.serverName,
      content: inputs.albDnsName,
      proxied: true,
    },
    database: {
      identifier: inputs.rdsInstanceIdentifier,
      host: inputs.rdsHost,
      port: inputs.rdsPort,
    },
    migrations:
      modules.hasura && Object.fromEntries(readMigrations().map(({ name, checksum }) => [name, checksum])),
    sign_in: {
      user_pool_id: inputs.userPoolId,
      domain: inputs.cognitoDomain,
      agent_secret_arn: inputs.agentSecretArn,
    },
  };
}

function services({ environment }: StackInputs, { synapse, mcp }: Modules): Record<string, ServiceOutput> {
  const { minCount, maxCount } = environment.services.mcp;
  const workers = Object.entries(synapse?.services.workers ?? {});
  return present({
    synapse: synapse && serviceOutput(synapse.services.synapse),
    synapse_admin: synapse?.services.synapseAdmin && serviceOutput(synapse.services.synapseAdmin),
    ...Object.fromEntries(workers.map(([worker, service]) => [workerOutput(worker), serviceOutput(service)])),
    mcp: { ...serviceOutput(mcp.service), least_tasks: minCount, most_tasks: maxCount },
  });
}

/** A worker's name among the services. */
export const workerOutput = (worker: string) => `synapse_${worker.replace("-", "_")}`;

const serviceOutput = ({ name, task, targetGroupArn, maxTasks }: FargateService): ServiceOutput => ({
  name,
  container: task.family,
  image: task.container.image.uri,
  task_definition: task.definition.arn,
  log_group: task.logGroup.name,
  target_group: targetGroupArn,
  most_tasks: maxTasks,
});

function oneShotTasks(
  { inputs }: StackInputs,
  { synapse, hasura, hasuraIngress }: Modules,
): Record<string, OneShotTask> {
  const oneShot = (
    task: FargateTask,
    securityGroup = inputs.ecsTasksSecurityGroupId,
    neededResources: readonly TerraformResource[] = [],
  ): OneShotTask => ({
    // No reference to a resource that the tasks don't need: while only they are applied, Terraform leaves out every
    // output that refers to anything else.
    cluster: inputs.ecsClusterName,
    family: task.family,
    container: task.family,
    subnets: inputs.privateSubnetIds,
    security_groups: [securityGroup],
    log_group: task.logGroupName,
    addresses: [task.definition, ...task.dependencies, ...neededResources].map(
      ({ terraformResourceType, friendlyUniqueId }) => `${terraformResourceType}.${friendlyUniqueId}`,
    ),
  });
  return present({
    database_setup:
      synapse && oneShot(synapse.tasks.databaseSetup, synapse.securityGroupId, synapse.egressRules),
    migration: hasura && oneShot(hasura.hasuraLite.tasks.migration),
    metadata:
      hasura && oneShot(hasura.hasuraLite.tasks.metadata, inputs.ecsTasksSecurityGroupId, hasuraIngress),
    bootstrap: synapse && oneShot(synapse.tasks.bootstrap),
  });
}

/** `record` without the parts that the environment does not run. */
const present = <T>(record: Record<string, T | undefined>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined));

/** Every construct of a class, in the stack's order. */
const found = <T>(stack: ReadableStack, type: abstract new (...args: never[]) => T): T[] =>
  stack.node.findAll().filter((construct): construct is typeof construct & T => construct instanceof type);
