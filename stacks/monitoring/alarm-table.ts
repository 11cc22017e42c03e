import type { NodeLambda } from "../../constructs/node-lambda.ts";
import type { Outcome as PreviewOutcome } from "../../lambdas/link-preview/outcomes.ts";
import type { Outcome as TokenOutcome } from "../../lambdas/token-enhancement/outcomes.ts";
import type { Outcome as ProvisionerOutcome } from "../../lambdas/user-provisioner/outcomes.ts";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { logMetric, mcpLog, synapseLog } from "./log-metrics.ts";
import { httpApi, invocations, lambda, outbox } from "./metrics.ts";
import { outsideAlarms } from "./outside-alarms.ts";
import type { Parts } from "./parts.ts";
import { deploying, platformAlarms } from "./platform-alarms.ts";
import { groupAlarms, latencyAlarms, type Subject, serviceAlarms, taskAlarms } from "./service-alarms.ts";
import { burnAlarms, serviceLevels } from "./service-levels.ts";
import { backupAlarms, databaseAlarms, fileSystemAlarms, redisAlarms } from "./storage-alarms.ts";
import { type Threshold, thresholds } from "./thresholds.ts";

const mcpServer: Subject = { id: "mcp", name: "The MCP server", part: "agents", essential: true };
const adminUi: Subject = { id: "synapse-admin", name: "Synapse's admin UI", part: "a", essential: false };

/** The alarms for everything that runs in an environment. */
export function alarmTable(parts: Parts): AlarmDefinition[] {
  const { mcp, synapse, hasura, environment } = parts;
  return [
    ...serviceAlarms(parts, mcpServer, mcp.service),
    ...latencyAlarms(parts, mcpServer, mcp.service),
    {
      id: "mcp-errors",
      part: "agents",
      role: "cause",
      metric: logMetric(environment, mcpLog.errors),
      statistic: "Sum",
      threshold: thresholds.logErrors,
      missing: "notBreaching",
      meaning: "Tool calls fail because of an error in the MCP server or its backend",
      remedy: "Read the errors in the log; check the backend first",
    },
    ...(synapse ? synapseAlarms(parts, synapse) : []),
    ...(hasura ? hasuraAlarms(parts, hasura) : []),
    ...databaseAlarms(parts),
    ...platformAlarms(parts),
    ...outsideAlarms(parts),
    ...serviceLevels(parts).flatMap(burnAlarms),
    deploying(parts),
  ];
}

/** Implementation A. */
function synapseAlarms(
  parts: Parts,
  {
    synapse,
    synapseAdmin,
    workers,
    members,
    backupVault,
    fileSystemId,
    redisNodes,
  }: NonNullable<Parts["synapse"]>,
): AlarmDefinition[] {
  const { environment } = parts;
  return [
    ...serviceAlarms(parts, { id: "synapse", name: "Synapse", part: "a", essential: true }, synapse),
    {
      id: "synapse-latency",
      part: "a",
      role: "cause",
      // Not the target group's response time: syncing clients hold a request open for 30 seconds.
      metric: logMetric(environment, synapseLog.sends),
      statistic: "p95",
      threshold: thresholds.sendLatency,
      missing: "notBreaching",
      meaning: "Synapse is slow: one message in twenty takes longer than the limit to send",
      remedy: "Check its CPU and the database",
    },
    {
      id: "synapse-errors",
      part: "a",
      role: "cause",
      metric: logMetric(environment, synapseLog.errors),
      statistic: "Sum",
      threshold: thresholds.logErrors,
      missing: "notBreaching",
      meaning: "Synapse logs errors: requests fail because of an error in Synapse or the database",
      remedy: "Read the errors in the log; check the database first",
    },
    ...functionAlarms(
      members,
      "People keep the access to Matrix rooms of groups that they left",
      "ticket",
      thresholds.repeatedErrors,
    ).map((alarm): AlarmDefinition => ({ ...alarm, part: "a" })),
    ...workerAlarms(parts, workers),
    ...redisAlarms(redisNodes),
    ...backupAlarms(backupVault),
    ...fileSystemAlarms(fileSystemId),
    ...(synapseAdmin
      ? [...serviceAlarms(parts, adminUi, synapseAdmin), ...latencyAlarms(parts, adminUi, synapseAdmin)]
      : []),
  ];
}

/** Each worker has its own tasks; the workers of a kind share a target group. */
function workerAlarms(parts: Parts, workers: NonNullable<Parts["synapse"]>["workers"]): AlarmDefinition[] {
  const sections = "synapse-worker";
  const tasks = Object.entries(workers).flatMap(([worker, of]) =>
    taskAlarms(
      parts,
      { id: `synapse-${worker}`, name: `Synapse worker ${worker}`, part: "a", essential: false, sections },
      of,
    ),
  );
  const byGroup = new Map<string, string[]>();
  for (const [worker, { targetGroupArnSuffix: group }] of Object.entries(workers))
    if (group !== undefined) byGroup.set(group, [...(byGroup.get(group) ?? []), worker]);
  const groups = [...byGroup].flatMap(([group, members]) => {
    const kind = members[0]?.replace(/-\d+$/, "") ?? "";
    const subject = {
      id: `synapse-${kind}`,
      name: `At least one Synapse worker (${members.join(", ")})`,
      part: "a",
      // The others of its kind take over; without any, people's requests fail.
      essential: members.length === 1,
      sections,
    } as const;
    const healthyHosts = { ...thresholds.healthyHostsWithGap, value: members.length };
    return groupAlarms(parts, subject, group, healthyHosts);
  });
  return [...tasks, ...groups];
}

/** Implementation B. */
function hasuraAlarms(parts: Parts, hasura: NonNullable<Parts["hasura"]>): AlarmDefinition[] {
  const { linkPreview, linkPreviewApiId, userProvisioner, memberSync, tokenEnhancement } = hasura;
  const graphql: Subject = { id: "graphql", name: "Hasura's GraphQL", part: "b", essential: true };
  const outcomeAlarm = <Outcome extends string>(
    { handler }: NodeLambda,
    outcome: Outcome,
    definition: Pick<AlarmDefinition, "id" | "role" | "threshold" | "meaning" | "remedy">,
  ): AlarmDefinition => ({
    part: "b",
    metric: invocations(handler, outcome),
    statistic: "Sum",
    // Each outcome has its own metric, with values only if it occurred.
    missing: "notBreaching",
    ...definition,
  });
  const { passingFailures, lastingFailures } = thresholds;
  return [
    ...groupAlarms(parts, graphql, hasura.targetGroup, thresholds.healthyHosts),
    ...latencyAlarms(parts, graphql, { targetGroupArnSuffix: hasura.targetGroup }),
    ...functionAlarms(linkPreview, "New links in messages get no preview until Hasura retries"),
    {
      id: "link-preview-api-5xx",
      part: "b",
      role: "cause",
      metric: httpApi(linkPreviewApiId, "5xx"),
      statistic: "Sum",
      threshold: thresholds.httpApiErrors,
      missing: "notBreaching",
      meaning: "The webhook for link previews answers Hasura with server errors; Hasura retries",
      remedy: "Find the outcome in the function's log; if there is none, API Gateway could not invoke it",
    },
    outcomeAlarm<PreviewOutcome>(linkPreview, "failed", {
      id: "link-preview-failed",
      role: "cause",
      threshold: passingFailures,
      meaning: "Link previews fail: Hasura or the content query answers with an error or not at all",
      remedy: "Read the error in the log; Hasura retries by itself",
    }),
    outcomeAlarm<PreviewOutcome>(linkPreview, "misconfigured", {
      id: "link-preview-misconfigured",
      role: "ticket",
      threshold: lastingFailures,
      meaning: "The link preview function has an invalid variable or secret",
      remedy: "Correct the variable that the log names, and apply",
    }),
    outcomeAlarm<PreviewOutcome>(linkPreview, "unauthorized", {
      id: "link-preview-unauthorized",
      role: "ticket",
      threshold: passingFailures,
      meaning:
        "Requests to the webhook carry a wrong secret: Hasura has an old one, or somebody else sends them",
      remedy: "Find the sender in the access log; if it is Hasura, restart it",
    }),
    {
      id: "outbox-age",
      part: "b",
      role: "ticket",
      metric: outbox(linkPreview.handler, "age"),
      statistic: "Maximum",
      threshold: thresholds.outboxAge,
      // The run that counts them failed: link-preview-errors tells of that.
      missing: "notBreaching",
      meaning: "Links of the last day have no previews, and Hasura has stopped trying",
      remedy: "Find out why the function failed, then insert the requests again",
    },
    {
      id: "outbox-depth",
      part: "b",
      role: "cause",
      metric: outbox(linkPreview.handler, "depth"),
      statistic: "Maximum",
      threshold: thresholds.outboxDepth,
      missing: "notBreaching",
      meaning: "Many links in messages wait for their previews",
      remedy: "Check whether the function answers Hasura, and who sends so many links",
    },
    ...functionAlarms(userProvisioner, "People can't sign in, because Cognito waits for the function"),
    outcomeAlarm<ProvisionerOutcome>(userProvisioner, "failed", {
      id: "user-provisioner-failed",
      role: "ticket",
      threshold: passingFailures,
      meaning: "People sign in but are not added to the chat's tables: new users can't read or write",
      remedy: "Read the error in the log; check the database. The member sync and the next sign-in try again",
    }),
    outcomeAlarm<ProvisionerOutcome>(userProvisioner, "provisioned_without_groups", {
      id: "user-provisioner-without-groups",
      role: "ticket",
      threshold: passingFailures,
      meaning: "Cognito does not return people's groups: new users are not added to private rooms",
      remedy: "Read the warning in the log; check the function's role and Cognito's quotas",
    }),
    outcomeAlarm<ProvisionerOutcome>(userProvisioner, "malformed", {
      id: "user-provisioner-malformed",
      role: "ticket",
      threshold: lastingFailures,
      meaning: "Cognito sends the provisioner events of a kind that it does not know",
      remedy: "Check which trigger of the user pool the function is attached to",
    }),
    ...functionAlarms(memberSync, "People keep the access of groups that they left", "ticket"),
    ...functionAlarms(tokenEnhancement, "People can't sign in, because Cognito waits for the function"),
    outcomeAlarm<TokenOutcome>(tokenEnhancement, "malformed", {
      id: "token-enhancement-malformed",
      role: "cause",
      threshold: lastingFailures,
      meaning:
        "Cognito sends the token enhancement events of a kind that it does not know: Hasura refuses the tokens",
      remedy: "Check which trigger and event version of the user pool the function is attached to",
    }),
  ];
}

/** Alarms on the metrics that Lambda reports of a function. */
function functionAlarms(
  { handler, name, timeout }: NodeLambda,
  effect: string,
  role: "cause" | "ticket" = "cause",
  errors: Threshold = thresholds.functionErrors,
): AlarmDefinition[] {
  const { throttles, durationShare } = thresholds;
  const definition = (
    what: "errors" | "throttles" | "duration",
    metric: "Errors" | "Throttles" | "Duration",
    threshold: Threshold,
    meaning: string,
    remedy: string,
  ): AlarmDefinition => ({
    id: `${handler}-${what}`,
    part: "b",
    role,
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
      errors,
      `The function ${handler} fails or exceeds its timeout of ${timeout} s. ${effect}`,
      "Read its log; roll back if it was just deployed",
    ),
    definition(
      "throttles",
      "Throttles",
      throttles,
      `Lambda throttles invocations of ${handler}, because too many run at once. ${effect}`,
      "Find out whether it got slower or gets more invocations",
    ),
    definition(
      "duration",
      "Duration",
      { ...durationShare, value: durationShare.value * timeout * 1000 },
      `The function ${handler} takes most of its timeout of ${timeout} s and may soon exceed it. ${effect}`,
      "Find the slow call in its log, which has the duration of each",
    ),
  ];
}
