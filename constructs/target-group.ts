import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { checkedName } from "./names.ts";

/** Seconds and counts of every service's health checks. */
export const healthChecks = { interval: 30, timeout: 5, retries: 3 };

export interface TargetGroupProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly vpcId: string;
  readonly port: number;
  /** Path that answers 200. */
  readonly healthPath: string;
  /** Seconds that a stopping task gets to finish its requests. */
  readonly deregistrationDelay: number;
  /** Seconds for which a client's requests go to the same target. @default - any target */
  readonly stickiness?: number;
}

/** Tasks or instances by IP address, to which the load balancer sends requests while they are healthy. */
export class TargetGroup extends LbTargetGroup {
  constructor(scope: Construct, id: string, props: TargetGroupProps) {
    super(scope, id, {
      name: checkedName(scope, "target group", props.name),
      vpcId: props.vpcId,
      targetType: "ip",
      protocol: "HTTP",
      port: props.port,
      tags: props.deployment.tags,
      ...(props.stickiness !== undefined && {
        stickiness: { type: "lb_cookie", cookieDuration: props.stickiness },
      }),
      deregistrationDelay: String(props.deregistrationDelay),
      healthCheck: {
        path: props.healthPath,
        matcher: "200",
        interval: healthChecks.interval,
        timeout: healthChecks.timeout,
        healthyThreshold: 2,
        unhealthyThreshold: healthChecks.retries,
      },
    });
  }
}
