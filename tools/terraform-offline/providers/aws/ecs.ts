import { elementsOf, membersOf } from "../../json.ts";
import { Diagnostic } from "../../plugin/diagnostic.ts";
import { blocksOf, isKnown, isText, listOf, textOf, type Values } from "../../plugin/value.ts";
import type { Context } from "../provider.ts";
import { isEmpty, isOther } from "./checks.ts";
import { checkContainers, checkFargateSize } from "./container-definitions.ts";
import { type Ids, lastPart } from "./ids.ts";
import type { AwsService } from "./service.ts";

const namePattern = /^[A-Za-z0-9_-]{1,255}$/;
const NAME_RULE = "At most 255 letters, digits, - and _.";

const launchTypes = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];

const revisionsKey = (region: unknown, family: unknown) => `${region}:${family}`;

/** ECS looks for a service's containers in its task definition. */
function rememberContainers({ arn = null, container_definitions }: Values, { run }: Context): void {
  try {
    const containers: unknown = JSON.parse(String(container_definitions));
    if (Array.isArray(containers)) run.tasks.set(arn, containers.map(membersOf));
  } catch {
    // Invalid definitions were refused already.
  }
}

/** @throws Diagnostic if the task definition lacks a container or port that the service names */
function requireContainers(service: Values, { run }: Context): void {
  const containers = run.tasks.get(service.task_definition ?? null);
  if (!containers) return;
  const refuse = (block: string, detail: string): never => {
    throw new Diagnostic("creating ECS Service: InvalidParameterException", detail, [block]);
  };
  for (const block of ["load_balancer", "service_registries"])
    for (const { container_name: name, container_port: port } of blocksOf(service[block])) {
      if (!isKnown(name)) continue;
      const container = containers.find((candidate) => candidate.name === name);
      const ports = elementsOf(container?.portMappings);
      if (!container) refuse(block, `The container ${name} does not exist in the task definition.`);
      if (
        isKnown(port) &&
        block === "load_balancer" &&
        !ports.some(({ containerPort }) => Number(containerPort) === Number(port))
      )
        refuse(block, `The container ${name} did not have a container port ${port} defined.`);
    }
}

const scalingTarget = ({ service_namespace, resource_id }: Values) => `${service_namespace}/${resource_id}`;

const taskDefinitionArn = (ids: Ids, family: unknown) => ids.arn("ecs", `task-definition/${family}`);

export const ecs: AwsService = {
  resources: {
    aws_ecs_cluster: {
      check: (checks, config) => checks.matches(config, "name", namePattern, NAME_RULE),
      computed({ name }, ids) {
        const arn = ids.arn("ecs", `cluster/${name}`);
        return { arn, id: arn };
      },
      replacedBy: ["name"],
    },
    aws_ecs_cluster_capacity_providers: { computed: ({ cluster_name }) => ({ id: cluster_name }) },
    aws_ecs_service: {
      check(checks, config) {
        const { launch_type, network_configuration, capacity_provider_strategy } = config;
        checks.matches(config, "name", namePattern, NAME_RULE);
        checks.oneOf(config, "launch_type", ["EC2", "FARGATE", "EXTERNAL"]);
        checks.range(config, "health_check_grace_period_seconds", 0, 2147483647);
        if (launch_type === "FARGATE" && isEmpty(network_configuration))
          checks.error(
            "network_configuration",
            'Network Configuration must be provided when networkMode "awsvpc" is specified',
            "A Fargate service needs a network_configuration block.",
          );
        if (launch_type === "FARGATE" && listOf(capacity_provider_strategy).length)
          checks.error("launch_type", "launch_type and capacity_provider_strategy are mutually exclusive");
        for (const { target_group_arn, elb_name } of blocksOf(config.load_balancer))
          if (target_group_arn === null && elb_name === null)
            checks.error("load_balancer", "load_balancer needs target_group_arn");
      },
      computed({ name, cluster, launch_type }, ids) {
        const arn = ids.arn("ecs", `service/${lastPart(textOf(cluster) ?? "default")}/${name}`);
        return {
          arn,
          id: arn,
          launch_type: "EC2",
          platform_version: textOf(launch_type) === "FARGATE" ? "LATEST" : "",
          cluster: ids.arn("ecs", "cluster/default"),
          iam_role: "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
          availability_zone_rebalancing: "ENABLED",
        };
      },
      replacedBy: ["name", "cluster", "launch_type", "scheduling_strategy"],
      unique: {
        by: ["cluster", "name"],
        error: "InvalidParameterException: Creation of service was not idempotent",
      },
      applied: requireContainers,
    },
    aws_ecs_task_definition: {
      check(checks, config) {
        const { requires_compatibilities, network_mode } = config;
        checks.matches(config, "family", namePattern, NAME_RULE);
        checks.oneOf(config, "network_mode", ["bridge", "host", "awsvpc", "none"]);
        const compatibilities = listOf(requires_compatibilities);
        for (const type of compatibilities)
          if (isText(type) && !launchTypes.includes(type))
            checks.error("requires_compatibilities", `unknown launch type ${type}`);
        const fargate = compatibilities.includes("FARGATE");
        if (fargate) {
          const reason = "Fargate requires that cpu and memory be defined at the task level.";
          for (const name of ["cpu", "memory"]) checks.required(config, name, reason);
          if (isOther(network_mode, "awsvpc"))
            checks.error(
              "network_mode",
              `Fargate only supports network mode "awsvpc", got ${JSON.stringify(network_mode)}`,
            );
          checkFargateSize(checks, config);
        }
        checkContainers(checks, config, fargate);
      },
      computed({ family }, ids, { run }) {
        const key = revisionsKey(ids.region, family);
        const revision = (run.revisions.get(key) ?? 0) + 1;
        run.revisions.set(key, revision);
        const arn = taskDefinitionArn(ids, family);
        return {
          arn: `${arn}:${revision}`,
          arn_without_revision: arn,
          revision,
          id: family,
          network_mode: "bridge",
        };
      },
      replacedBy: [
        "family",
        "container_definitions",
        "cpu",
        "memory",
        "network_mode",
        "execution_role_arn",
        "task_role_arn",
        "requires_compatibilities",
        "volume",
        "runtime_platform",
        "ephemeral_storage",
        "ipc_mode",
        "pid_mode",
        "placement_constraints",
        "proxy_configuration",
      ],
      applied: rememberContainers,
      refreshed(state, context) {
        rememberContainers(state, context);
        const { revisions } = context.run;
        const key = revisionsKey(state.region, state.family);
        revisions.set(key, Math.max(revisions.get(key) ?? 0, Number(state.revision) || 0));
      },
    },
    aws_appautoscaling_target: {
      check(checks, { min_capacity, max_capacity, service_namespace, resource_id }) {
        if (isKnown(min_capacity) && isKnown(max_capacity) && Number(min_capacity) > Number(max_capacity))
          checks.error(
            "min_capacity",
            `min_capacity (${min_capacity}) is greater than max_capacity (${max_capacity})`,
          );
        if (
          service_namespace === "ecs" &&
          isText(resource_id) &&
          !/^service\/[^/]+\/[^/]+$/.test(resource_id)
        )
          checks.error(
            "resource_id",
            "an ECS resource_id is service/<cluster name>/<service name>, " +
              `got ${JSON.stringify(resource_id)}`,
          );
      },
      computed: ({ resource_id }, ids) => ({
        id: resource_id,
        arn: ids.arn("application-autoscaling", `scalable-target/${ids.lower(36)}`),
        role_arn: ids.globalArn(
          "iam",
          "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/" +
            "AWSServiceRoleForApplicationAutoScaling_ECSService",
        ),
      }),
      replacedBy: ["resource_id", "scalable_dimension", "service_namespace"],
    },
    aws_appautoscaling_policy: {
      computed: (planned, ids) => ({
        id: planned.name,
        arn: ids.arn(
          "autoscaling",
          `scalingPolicy:${ids.uuid()}:resource/${scalingTarget(planned)}:policyName/${planned.name}`,
        ),
        alarm_arns: [],
      }),
      replacedBy: ["name", "resource_id", "scalable_dimension", "service_namespace"],
    },
    aws_appautoscaling_scheduled_action: {
      computed: (planned, ids) => ({
        id: `${planned.name}-${planned.service_namespace}-${planned.resource_id}`,
        arn: ids.arn(
          "autoscaling",
          `scheduledAction:${ids.uuid()}:resource/${scalingTarget(planned)}:` +
            `scheduledActionName/${planned.name}`,
        ),
      }),
    },
    aws_service_discovery_private_dns_namespace: {
      computed(_planned, ids) {
        const id = `ns-${ids.lower(16)}`;
        return {
          id,
          arn: ids.arn("servicediscovery", `namespace/${id}`),
          hosted_zone: `Z${ids.upper(20)}`,
        };
      },
      replacedBy: ["name", "vpc"],
    },
    aws_service_discovery_service: {
      computed(_planned, ids) {
        const id = `srv-${ids.lower(16)}`;
        return { id, arn: ids.arn("servicediscovery", `service/${id}`) };
      },
      replacedBy: ["name", "namespace_id"],
    },
  },
  dataSources: {
    aws_ecs_cluster: {
      computed({ cluster_name }, ids) {
        const arn = ids.arn("ecs", `cluster/${cluster_name}`);
        return { id: arn, arn, status: "ACTIVE" };
      },
    },
    aws_ecs_service: {
      computed({ cluster_arn, service_name }, ids) {
        const arn = ids.arn("ecs", `service/${lastPart(cluster_arn)}/${service_name}`);
        return {
          id: arn,
          arn,
          desired_count: 1,
          launch_type: "FARGATE",
          scheduling_strategy: "REPLICA",
          task_definition: `${taskDefinitionArn(ids, service_name)}:1`,
        };
      },
    },
    aws_ecs_task_definition: {
      computed({ task_definition }, ids) {
        const family = String(task_definition).split("/").at(-1)?.split(":")[0];
        const arn = taskDefinitionArn(ids, family);
        return {
          id: `${arn}:1`,
          arn: `${arn}:1`,
          arn_without_revision: arn,
          family,
          revision: 1,
          status: "ACTIVE",
          network_mode: "awsvpc",
        };
      },
    },
  },
};
