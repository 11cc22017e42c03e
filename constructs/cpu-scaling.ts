import { AppautoscalingPolicy } from "@cdktf/provider-aws/lib/appautoscaling-policy";
import { AppautoscalingTarget } from "@cdktf/provider-aws/lib/appautoscaling-target";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import type { FargateService } from "./fargate-service.ts";

export interface CpuScalingProps {
  readonly deployment: Deployment;
  /** Name of the service, with which the policy's name begins. */
  readonly name: string;
  readonly service: FargateService;
  readonly clusterName: string;
  /** Minimum and maximum number of tasks. */
  readonly count: { readonly min: number; readonly max: number };
}

/** Target in per cent of CPU: well below the alarm at 80, so that a task is added before it. */
const TARGET_CPU = 60;
/**
 * Seconds between two steps; without them the provider sends 0. Another task may be added after a minute, which is how
 * long one takes to serve requests. A task is removed after five, AWS's own default, so that a short pause in the load
 * does not stop it.
 */
const cooldowns = { scaleOutCooldown: 60, scaleInCooldown: 300 };

/** Adds and removes tasks of a service by the CPU that they use. */
export class CpuScaling extends Construct {
  constructor(scope: Construct, id: string, props: CpuScalingProps) {
    super(scope, id);
    const { deployment, name, service, clusterName, count } = props;
    const target = new AppautoscalingTarget(this, "Default", {
      serviceNamespace: "ecs",
      scalableDimension: "ecs:service:DesiredCount",
      resourceId: `service/${clusterName}/${service.name}`,
      minCapacity: count.min,
      maxCapacity: count.max,
      tags: deployment.tags,
    });
    new AppautoscalingPolicy(this, "policy", {
      name: `${name}-cpu`,
      policyType: "TargetTrackingScaling",
      serviceNamespace: target.serviceNamespace,
      scalableDimension: target.scalableDimension,
      resourceId: target.resourceId,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
        targetValue: TARGET_CPU,
        ...cooldowns,
      },
    });
  }
}
