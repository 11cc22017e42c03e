import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinitionVolume } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { type ContainerProps, type FargateSize, FargateTask } from "./fargate-task.ts";
import type { PolicyStatement } from "./iam-policy.ts";
import type { ListenerRule } from "./listener-rule.ts";
import { checkedName } from "./names.ts";

/** Where the project's tasks run. */
export interface Network {
  readonly vpcId: string;
  readonly privateSubnetIds: string[];
}

export interface FargateServiceProps {
  readonly deployment: Deployment;
  /** Name of the service and family of its task definition. */
  readonly name: string;
  readonly targetGroupName: string;
  readonly clusterArn: string;
  readonly network: Network;
  readonly securityGroupIds: string[];
  readonly size: FargateSize;
  readonly container: Omit<ContainerProps, "port" | "healthCheck"> & { readonly port: number };
  readonly health: {
    /** Path that answers 200 to the load balancer and to the container's own check. */
    readonly path: string;
    /** Program and arguments that fail where the URL is not healthy; the URL is appended. */
    readonly probe: readonly string[];
    /** Seconds that a starting task may fail its checks. */
    readonly startPeriod: number;
  };
  /** Makes the listener rules that forward to the target group; AWS refuses a service whose group has none. */
  readonly rules: (targetGroupArn: string) => ListenerRule[];
  /** Seconds that requests under way get when a task goes. */
  readonly deregistrationDelay: number;
  /** `rolling` starts the new task first; `stop-first` never runs two at once, at the price of a gap. @default rolling */
  readonly replacement?: "rolling" | "stop-first";
  /** Tasks at the first deployment. @default 1 */
  readonly desiredCount?: number;
  /** Whether something else than Terraform sets the number of tasks later. @default false */
  readonly autoscaled?: boolean;
  /** Cloud Map service under which the tasks are found inside the VPC. @default - none */
  readonly discoveryServiceArn?: string;
  readonly volumes?: readonly EcsTaskDefinitionVolume[];
  /** What the code in the container may do. @default - nothing */
  readonly taskPolicy?: readonly PolicyStatement[];
  /** What must exist before a task can start, beside its roles and rules. @default - nothing */
  readonly startsAfter?: readonly ITerraformDependable[];
}

/** Seconds and counts of every service's health checks. */
const HEALTH = { interval: 30, timeout: 5, retries: 3 };

/** A long-running Fargate service behind the load balancer. */
export class FargateService extends Construct {
  readonly name: string;
  readonly task: FargateTask;
  /** The target group as its metrics name it. */
  readonly targetGroupArnSuffix: string;

  constructor(scope: Construct, id: string, props: FargateServiceProps) {
    super(scope, id);
    const { deployment, name, container, health, network, replacement = "rolling" } = props;
    const rolling = replacement === "rolling";

    this.task = new FargateTask(this, "task", {
      deployment,
      family: name,
      size: props.size,
      container: {
        ...container,
        healthCheck: {
          command: ["CMD", ...health.probe, `http://127.0.0.1:${container.port}${health.path}`],
          ...HEALTH,
          startPeriod: health.startPeriod,
        },
      },
      ...(props.volumes && { volumes: props.volumes }),
      ...(props.taskPolicy && { taskPolicy: props.taskPolicy }),
    });

    const targetGroup = new LbTargetGroup(this, "target-group", {
      name: checkedName(this, "target group", props.targetGroupName),
      vpcId: network.vpcId,
      targetType: "ip",
      protocol: "HTTP",
      port: container.port,
      deregistrationDelay: String(props.deregistrationDelay),
      healthCheck: {
        path: health.path,
        matcher: "200",
        interval: HEALTH.interval,
        timeout: HEALTH.timeout,
        healthyThreshold: 2,
        unhealthyThreshold: HEALTH.retries,
      },
    });

    const service = new EcsService(this, "Default", {
      name: checkedName(this, "ECS service", name),
      cluster: props.clusterArn,
      taskDefinition: this.task.definition.arn,
      desiredCount: props.desiredCount ?? 1,
      launchType: "FARGATE",
      platformVersion: "LATEST",
      propagateTags: "SERVICE",
      enableEcsManagedTags: true,
      networkConfiguration: {
        subnets: network.privateSubnetIds,
        securityGroups: props.securityGroupIds,
        assignPublicIp: false,
      },
      loadBalancer: [{ targetGroupArn: targetGroup.arn, containerName: name, containerPort: container.port }],
      ...(props.discoveryServiceArn && { serviceRegistries: { registryArn: props.discoveryServiceArn } }),
      healthCheckGracePeriodSeconds: health.startPeriod,
      deploymentMinimumHealthyPercent: rolling ? 100 : 0,
      deploymentMaximumPercent: rolling ? 200 : 100,
      // ECS refuses to rebalance a service that may not start a second task.
      availabilityZoneRebalancing: rolling ? "ENABLED" : "DISABLED",
      deploymentCircuitBreaker: { enable: true, rollback: true },
      waitForSteadyState: true,
      dependsOn: [...props.rules(targetGroup.arn), ...this.task.dependencies, ...(props.startsAfter ?? [])],
      lifecycle: {
        ...(props.autoscaled && { ignoreChanges: ["desired_count"] }),
        postcondition: [
          {
            // A rolled-back deployment is steady too, so without this it would look like success.
            condition: `\${self.task_definition == ${this.task.definition.fqn}.arn}`,
            errorMessage: `${name} did not stay on its new task definition: ECS rolled the deployment back. See the service's events and the log group /ecs/${name}.`,
          },
        ],
      },
    });

    this.name = service.name;
    this.targetGroupArnSuffix = targetGroup.arnSuffix;
  }
}
