import { TerraformIterator } from "cdktf";
import { MARKER } from "../../shared/deployment-marker.ts";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { cognitoThrottles, database, deploymentMarker, loadBalancerErrors, natPorts } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { thresholds } from "./thresholds.ts";

/** Alarms on what belongs to others and carries both implementations: load balancer, user pool, NAT, read replicas. */
export function platformAlarms(parts: Parts): AlarmDefinition[] {
  const gateways = TerraformIterator.fromList(parts.natGatewayIds);
  const replicas = TerraformIterator.fromList(parts.database.replicas);
  return [
    {
      id: "load-balancer-5xx",
      part: "platform",
      role: "cause",
      metric: loadBalancerErrors(parts.loadBalancer),
      statistic: "Sum",
      threshold: thresholds.loadBalancerErrors,
      missing: "notBreaching",
      meaning:
        "The load balancer answers with errors of its own, because a service behind it, ours or not, does not",
      remedy: "See which target group has no healthy target",
    },
    {
      id: "cognito-throttles",
      part: "platform",
      role: "cause",
      ...throttledRequests(parts),
      threshold: thresholds.cognitoThrottles,
      missing: "notBreaching",
      meaning: "Cognito refuses sign-ins through our clients, because there are too many at once",
      remedy: "Find who signs in that often; otherwise ask for a higher quota of Cognito",
    },
    {
      id: "nat-ports",
      part: "platform",
      role: "ticket",
      forEach: gateways,
      metric: natPorts(gateways.value),
      statistic: "Sum",
      threshold: thresholds.natPorts,
      missing: "notBreaching",
      meaning:
        "A NAT gateway has no port left, so that calls to Cognito and to other sites fail now and then",
      remedy: "Find what opens so many connections to one address; otherwise give the gateway more addresses",
    },
    {
      id: "database-replica",
      part: "platform",
      role: "ticket",
      forEach: replicas,
      metric: database(replicas.value, "ReplicaLag"),
      statistic: "Average",
      threshold: thresholds.replicaLag,
      // A replica reports every minute.
      missing: "breaching",
      meaning: "A read replica of the database is behind, or reports nothing",
      remedy: "Check the replica's state and load",
    },
  ];
}

/** Sign-ins and refreshes of all our clients together. */
function throttledRequests({ userPool: { id, clientIds } }: Parts) {
  const names = ["SignInThrottles", "TokenRefreshThrottles"] as const;
  const throttled = clientIds.flatMap((client) => names.map((name) => cognitoThrottles(id, client, name)));
  const metrics = Object.fromEntries(
    throttled.map((metric, index) => [`m${index + 1}`, { metric, statistic: "Sum" as const }]),
  );
  const sum = Object.keys(metrics).map((metric) => `FILL(${metric}, 0)`);
  return { metrics, expressions: { throttled: sum.join(" + ") } };
}

/** On while we deploy: composite alarms are quiet then. */
export const deploying = ({ environment }: Parts): AlarmDefinition => ({
  id: MARKER.alarm,
  part: "platform",
  role: "marker",
  metric: deploymentMarker(environment),
  // The 0 at the end counts at once, in the minute of the last 1 too.
  statistic: "Minimum",
  threshold: thresholds.deploying,
  // If `ops` dies, its marker ends after a few minutes.
  missing: "notBreaching",
  meaning: "A deployment runs, so other alarms are quiet",
  remedy: "Nothing to do",
});
