import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinitionVolume } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import type { FargateSize } from "./fargate-size.ts";
import { type ContainerProps, FargateTask, type SetupContainer } from "./fargate-task.ts";
import type { PolicyStatement } from "./iam-policy.ts";
import type { ListenerRule } from "./listener-rule.ts";
import { checkedName } from "./names.ts";
import { healthChecks, TargetGroup } from "./target-group.ts";

/** VPC and subnets of the tasks. */
export interface Network {
  readonly vpcId: string;
  readonly privateSubnetIds: string[];
}

interface ServiceProps {
  readonly deployment: Deployment;
  /** Name of the service and family of its task definition. */
  readonly name: string;
  readonly clusterArn: string;
  readonly network: Network;
  readonly securityGroupIds: string[];
  readonly size: FargateSize;
  readonly container: Omit<ContainerProps, "port" | "healthCheck"> & { readonly port: number };
  /** Runs at each start of a task, and must exit with 0 before the service's container starts. @default - none */
  readonly setup?: SetupContainer;
  readonly health: {
    /** Path that answers 200 to the load balancer and to the container health check. */
    readonly path: string;
    /** Program and arguments that fail if the URL is not healthy; the URL is appended. */
    readonly probe: readonly string[];
    /** Seconds for which a starting task may fail its checks. */
    readonly startPeriod: number;
  };
  /** `rolling` starts the new task first; `stop-first` never runs two at once, which causes a gap. @default rolling */
  readonly replacement?: "rolling" | "stop-first";
  /** Tasks at the first deployment. @default 1 */
  readonly desiredCount?: number;
  /** Whether autoscaling sets the number of tasks after the first deployment. @default false */
  readonly autoscaled?: boolean;
  /** Cloud Map service that registers the tasks inside the VPC. @default - none */
  readonly discoveryServiceArn?: string;
  readonly volumes?: readonly EcsTaskDefinitionVolume[];
  /** Statements of the task role. @default - none */
  readonly taskPolicy?: readonly PolicyStatement[];
  /**
   * What a task needs in addition to its roles, secrets and listener rules, such as security group rules: made before
   * the service, and destroyed only after its last task has stopped.
   */
  readonly startsAfter: readonly ITerraformDependable[];
}

/** A service with a target group of its own. */
interface OwnTargetGroup {
  readonly targetGroupName: string;
  /** Makes the listener rules that forward to the target group; AWS refuses a service whose group has none. */
  readonly rules: (targetGroupArn: string) => ListenerRule[];
  /** Seconds that a stopping task gets to finish its requests. */
  readonly deregistrationDelay: number;
}

/** Services of one kind share a target group and its rules. `undefined` if the service receives no traffic. */
interface SharedTargetGroup {
  readonly targetGroup:
    | { readonly arn: string; readonly arnSuffix: string; readonly rules: readonly ListenerRule[] }
    | undefined;
}

export type FargateServiceProps = ServiceProps & (OwnTargetGroup | SharedTargetGroup);

/** Seconds, with a margin, in which Fargate places a task and pulls its image. */
const PLACEMENT = 180;
/** Tasks that fail in a row before the circuit breaker gives up, in a service of at most six. */
const BREAKER_FAILURES = 3;

/**
 * How long Terraform waits. A first deployment has nothing to roll back to, so it gets the time of one task that turns out
 * healthy or not. An update gets that of all the tasks that the circuit breaker allows to fail, and of the rollback.
 */
function timeouts(startPeriod: number, stopTimeout = 30) {
  const { interval, timeout, retries } = healthChecks;
  const attempt = PLACEMENT + startPeriod + retries * (interval + timeout);
  const minutes = (seconds: number) => `${Math.ceil(seconds / 60)}m`;
  return {
    create: minutes(attempt + 2 * interval),
    update: minutes((BREAKER_FAILURES + 1) * (attempt + stopTimeout)),
  };
}

/** A long-running Fargate service, behind the load balancer or not. */
export class FargateService extends Construct {
  readonly name: string;
  readonly task: FargateTask;
  /** `undefined` if the service receives no traffic. */
  readonly targetGroupArn: string | undefined;
  /** Maximum number of tasks at once. `undefined` if there is no limit. */
  readonly maxTasks: number | undefined;
  /** The ECS service, for `dependsOn` of other resources. */
  readonly dependable: ITerraformDependable;
  /** The target group as its metrics name it. `undefined` if the service receives no traffic. */
  readonly targetGroupArnSuffix: string | undefined;

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
          ...healthChecks,
          startPeriod: health.startPeriod,
        },
      },
      ...(props.setup && { setup: props.setup }),
      ...(props.volumes && { volumes: props.volumes }),
      ...(props.taskPolicy && { taskPolicy: props.taskPolicy }),
    });

    const targetGroup = "targetGroup" in props ? props.targetGroup : this.ownTargetGroup(props);

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
      ...(targetGroup && {
        loadBalancer: [
          { targetGroupArn: targetGroup.arn, containerName: name, containerPort: container.port },
        ],
        healthCheckGracePeriodSeconds: health.startPeriod,
      }),
      ...(props.discoveryServiceArn && { serviceRegistries: { registryArn: props.discoveryServiceArn } }),
      deploymentMinimumHealthyPercent: rolling ? 100 : 0,
      deploymentMaximumPercent: rolling ? 200 : 100,
      // ECS refuses to rebalance a service that may not start a second task.
      availabilityZoneRebalancing: rolling ? "ENABLED" : "DISABLED",
      deploymentCircuitBreaker: { enable: true, rollback: true },
      waitForSteadyState: true,
      timeouts: timeouts(health.startPeriod, container.stopTimeout),
      dependsOn: [...(targetGroup?.rules ?? []), ...this.task.dependencies, ...props.startsAfter],
      lifecycle: {
        ...(props.autoscaled && { ignoreChanges: ["desired_count"] }),
        postcondition: [
          {
            // A service that ECS rolled back is steady too, so without this check it would look like success.
            condition: `\${self.task_definition == ${this.task.definition.fqn}.arn}`,
            errorMessage: `${name} did not stay on its new task definition: ECS rolled the deployment back. The service's events (npm run ops -- status ${deployment.environment}) and the log group /ecs/${name} say why its tasks ended.`,
          },
        ],
      },
      tags: deployment.tags,
    });

    this.name = service.name;
    this.targetGroupArn = targetGroup?.arn;
    this.targetGroupArnSuffix = targetGroup?.arnSuffix;
    this.maxTasks = rolling ? undefined : 1;
    this.dependable = service;
  }

  private ownTargetGroup(props: ServiceProps & OwnTargetGroup) {
    const { arn, arnSuffix } = new TargetGroup(this, "target-group", {
      deployment: props.deployment,
      name: props.targetGroupName,
      vpcId: props.network.vpcId,
      port: props.container.port,
      healthPath: props.health.path,
      deregistrationDelay: props.deregistrationDelay,
    });
    return { arn, arnSuffix, rules: props.rules(arn) };
  }
}
