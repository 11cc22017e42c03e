import type { FargateService } from "../../constructs/fargate-service.ts";
import type { NodeLambda } from "../../constructs/node-lambda.ts";
import type { Outcome as PreviewOutcome } from "../../lambdas/link-preview/outcomes.ts";
import type { Outcome as TokenOutcome } from "../../lambdas/token-enhancement/outcomes.ts";
import type { Outcome as ProvisionerOutcome } from "../../lambdas/user-provisioner/outcomes.ts";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { logMetric, mcpLog, synapseLog } from "./log-metrics.ts";
import { httpApi, invocations, lambda, service, targetGroup } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { backupAlarms, databaseAlarms, redisAlarms } from "./storage-alarms.ts";
import { type Threshold, thresholds } from "./thresholds.ts";

const mcpServer = { id: "mcp", name: "The MCP server" };
const adminUi = { id: "synapse-admin", name: "Synapse's admin UI" };

/** The alarms of what runs in an environment. */
export function alarmTable(parts: Parts): AlarmDefinition[] {
  const { mcp, synapse, hasura, environment } = parts;
  return [
    ...serviceAlarms(parts, mcpServer, mcp.service),
    ...latencyAlarms(parts, mcpServer, mcp.service),
    {
      id: "mcp-errors",
      metric: logMetric(environment, mcpLog.errors),
      statistic: "Sum",
      threshold: thresholds.logErrors,
      missing: "notBreaching",
      meaning: "Tool calls fail through the server's own fault or its backend's",
      remedy: "Read the errors; look at the backend first",
    },
    ...(synapse ? synapseAlarms(parts, synapse) : []),
    ...(hasura ? hasuraAlarms(hasura) : []),
    ...databaseAlarms(parts),
  ];
}

/** What alarms are about: the beginning of their names, and what people call it. */
interface Watched {
  readonly id: string;
  readonly name: string;
  /** Beginning of the runbook's sections. @default - the id */
  readonly sections?: string;
}

/** A service by what ECS and its own target group report. */
const serviceAlarms = (parts: Parts, watched: Watched, of: FargateService): AlarmDefinition[] => [
  ...taskAlarms(parts, watched, of),
  ...(of.targetGroupArnSuffix === undefined ? [] : groupAlarms(parts, watched, of.targetGroupArnSuffix)),
];

/** Tasks by what ECS reports. */
function taskAlarms(
  { clusterName }: Parts,
  { id, name, sections = id }: Watched,
  of: FargateService,
): AlarmDefinition[] {
  return [
    {
      id: `${id}-cpu`,
      section: `${sections}-cpu`,
      metric: service(clusterName, of.name, "CPUUtilization"),
      statistic: "Average",
      threshold: thresholds.cpu,
      // Without a task there is no value, and healthy-hosts says so, where there is a target group.
      missing: of.targetGroupArnSuffix === undefined ? "breaching" : "notBreaching",
      meaning: `${name} uses most of its CPU, and answers will get slower`,
      remedy: of.maxTasks === 1 ? "A larger task" : "More tasks",
    },
    {
      id: `${id}-memory`,
      section: `${sections}-memory`,
      metric: service(clusterName, of.name, "MemoryUtilization"),
      statistic: "Average",
      threshold: thresholds.memory,
      missing: "notBreaching",
      meaning: `${name} uses most of its memory; at the limit Fargate ends the task`,
      remedy: "Restart it if memory grows without load; else a larger task",
    },
  ];
}

/** @param tasks how many of them answer the group's requests when all is well */
function groupAlarms(
  { loadBalancer }: Parts,
  { id, name, sections = id }: Watched,
  group: string,
  tasks: number = thresholds.healthyHosts.value,
): AlarmDefinition[] {
  return [
    {
      id: `${id}-healthy-hosts`,
      section: `${sections}-healthy-hosts`,
      metric: targetGroup(loadBalancer, group, "HealthyHostCount"),
      statistic: "Average",
      threshold: { ...thresholds.healthyHosts, value: tasks },
      // Reported without requests, too: nothing is as bad as zero.
      missing: "breaching",
      meaning: `${name} is down: the load balancer has no healthy task for its requests`,
      remedy: "Look at the service's events and log; roll back if it was just deployed",
    },
    {
      id: `${id}-5xx`,
      section: `${sections}-5xx`,
      metric: targetGroup(loadBalancer, group, "HTTPCode_Target_5XX_Count"),
      statistic: "Sum",
      threshold: thresholds.targetErrors,
      // The load balancer counts only where there is something to count.
      missing: "notBreaching",
      meaning: `${name} answers requests with server errors`,
      remedy: "Read the errors in its log; roll back if it was just deployed",
    },
  ];
}

const latencyAlarms = (
  { loadBalancer }: Parts,
  { id, name }: Watched,
  { targetGroupArnSuffix }: FargateService,
): AlarmDefinition[] =>
  targetGroupArnSuffix === undefined
    ? []
    : [
        {
          id: `${id}-latency`,
          metric: targetGroup(loadBalancer, targetGroupArnSuffix, "TargetResponseTime"),
          statistic: "p95",
          threshold: thresholds.latency,
          missing: "notBreaching",
          meaning: `${name} answers slowly: one request in twenty takes longer than the limit`,
          remedy: "Look at its CPU, its backend and the database",
        },
      ];

/** Implementation A. */
function synapseAlarms(
  parts: Parts,
  { synapse, synapseAdmin, workers, backupVault, redisNodes }: NonNullable<Parts["synapse"]>,
): AlarmDefinition[] {
  const { environment } = parts;
  return [
    ...serviceAlarms(parts, { id: "synapse", name: "Synapse" }, synapse),
    {
      id: "synapse-latency",
      // Not its target group's response time: clients that wait for news hold a request open for 30 seconds.
      metric: logMetric(environment, synapseLog.sends),
      statistic: "p95",
      threshold: thresholds.sendLatency,
      missing: "notBreaching",
      meaning: "Synapse is slow: one message in twenty takes longer than the limit to send",
      remedy: "Look at its CPU and at the database",
    },
    {
      id: "synapse-errors",
      metric: logMetric(environment, synapseLog.errors),
      statistic: "Sum",
      threshold: thresholds.logErrors,
      missing: "notBreaching",
      meaning: "Synapse logs errors: requests fail through its own fault or the database's",
      remedy: "Read them; look at the database first",
    },
    ...workerAlarms(parts, workers),
    ...redisAlarms(redisNodes),
    ...backupAlarms(backupVault),
    ...(synapseAdmin
      ? [...serviceAlarms(parts, adminUi, synapseAdmin), ...latencyAlarms(parts, adminUi, synapseAdmin)]
      : []),
  ];
}

/** Each worker has tasks of its own; those of a kind answer the same requests. */
function workerAlarms(parts: Parts, workers: NonNullable<Parts["synapse"]>["workers"]): AlarmDefinition[] {
  const sections = "synapse-worker";
  const tasks = Object.entries(workers).flatMap(([worker, of]) =>
    taskAlarms(parts, { id: `synapse-${worker}`, name: `Synapse's worker ${worker}`, sections }, of),
  );
  const byGroup = new Map<string, string[]>();
  for (const [worker, { targetGroupArnSuffix: group }] of Object.entries(workers))
    if (group !== undefined) byGroup.set(group, [...(byGroup.get(group) ?? []), worker]);
  const groups = [...byGroup].flatMap(([group, members]) => {
    const kind = members[0]?.replace(/-\d+$/, "") ?? "";
    const watched = {
      id: `synapse-${kind}`,
      name: `Of Synapse's workers ${members.join(", ")} one`,
      sections,
    };
    return groupAlarms(parts, watched, group, members.length);
  });
  return [...tasks, ...groups];
}

/** Implementation B. */
function hasuraAlarms(parts: NonNullable<Parts["hasura"]>): AlarmDefinition[] {
  const { linkPreview, linkPreviewApiId, userProvisioner, tokenEnhancement } = parts;
  const ended = <Outcome extends string>(
    { handler }: NodeLambda,
    outcome: Outcome,
    definition: Pick<AlarmDefinition, "id" | "threshold" | "meaning" | "remedy">,
  ): AlarmDefinition => ({
    metric: invocations(handler, outcome),
    statistic: "Sum",
    // A series of its own for each outcome, which has values only where there were such.
    missing: "notBreaching",
    ...definition,
  });
  const { passingFailures, lastingFailures } = thresholds;
  return [
    ...functionAlarms(linkPreview, "New links in messages get no preview until Hasura's next attempt"),
    {
      id: "link-preview-api-5xx",
      metric: httpApi(linkPreviewApiId, "5xx"),
      statistic: "Sum",
      threshold: thresholds.httpApiErrors,
      missing: "notBreaching",
      meaning: "The webhook for link previews answers Hasura with server errors; Hasura tries again",
      remedy: "See which outcome the function logs; without one, API Gateway could not call it",
    },
    ended<PreviewOutcome>(linkPreview, "failed", {
      id: "link-preview-failed",
      threshold: passingFailures,
      meaning: "Link previews fail: Hasura or the content query does not answer as it should",
      remedy: "Read the error; Hasura tries again by itself",
    }),
    ended<PreviewOutcome>(linkPreview, "misconfigured", {
      id: "link-preview-misconfigured",
      threshold: lastingFailures,
      meaning: "The link preview function can't work with its variables or secrets",
      remedy: "The log names the variable: correct it and apply",
    }),
    ended<PreviewOutcome>(linkPreview, "unauthorized", {
      id: "link-preview-unauthorized",
      threshold: passingFailures,
      meaning: "Calls of the webhook carry a wrong secret: Hasura holds an old one, or a stranger tries",
      remedy: "Compare by the access log who calls; restart Hasura if it is Hasura",
    }),
    ...functionAlarms(userProvisioner, "People can't sign in, because Cognito waits for it"),
    ended<ProvisionerOutcome>(userProvisioner, "failed", {
      id: "user-provisioner-failed",
      threshold: passingFailures,
      meaning: "People sign in but are not brought into the chat's tables: newcomers can't read or write",
      remedy: "Read the error; look at the database. The next sign-in makes up for it",
    }),
    ended<ProvisionerOutcome>(userProvisioner, "provisioned_without_groups", {
      id: "user-provisioner-without-groups",
      threshold: passingFailures,
      meaning: "Cognito does not tell people's groups: newcomers get into no private room",
      remedy: "Read the warning; look at the function's rights and Cognito's limits",
    }),
    ended<ProvisionerOutcome>(userProvisioner, "malformed", {
      id: "user-provisioner-malformed",
      threshold: lastingFailures,
      meaning: "Cognito sends the provisioner events that it does not know",
      remedy: "Look at which trigger of the user pool it is attached to",
    }),
    ...functionAlarms(tokenEnhancement, "People can't sign in, because Cognito waits for it"),
    ended<TokenOutcome>(tokenEnhancement, "malformed", {
      id: "token-enhancement-malformed",
      threshold: lastingFailures,
      meaning:
        "Cognito sends the token enhancement events that it does not know: tokens open nothing in Hasura",
      remedy: "Look at which trigger and event version of the user pool it is attached to",
    }),
  ];
}

/** A function as Lambda sees it. */
function functionAlarms({ handler, name, timeout }: NodeLambda, effect: string): AlarmDefinition[] {
  const { functionErrors, throttles, durationShare } = thresholds;
  const definition = (
    what: "errors" | "throttles" | "duration",
    metric: "Errors" | "Throttles" | "Duration",
    threshold: Threshold,
    meaning: string,
    remedy: string,
  ): AlarmDefinition => ({
    id: `${handler}-${what}`,
    metric: lambda(name, metric),
    statistic: metric === "Duration" ? "Maximum" : "Sum",
    threshold,
    // Without invocations Lambda reports nothing.
    missing: "notBreaching",
    meaning,
    remedy,
  });
  return [
    definition(
      "errors",
      "Errors",
      functionErrors,
      `The function ${handler} crashes or runs into its timeout of ${timeout} s. ${effect}`,
      "Read its log; roll back if it was just deployed",
    ),
    definition(
      "throttles",
      "Throttles",
      throttles,
      `Lambda turns invocations of ${handler} away, because too many run at once. ${effect}`,
      "See whether it got slow, or busy",
    ),
    definition(
      "duration",
      "Duration",
      { ...durationShare, value: durationShare.value * timeout * 1000 },
      `The function ${handler} takes most of its ${timeout} s, and will run into its timeout. ${effect}`,
      "See which call takes so long: its log has the time of each",
    ),
  ];
}
