import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import { Construct } from "constructs";
import { jsonencode } from "../../constructs/encode.ts";
import type { FargateService } from "../../constructs/fargate-service.ts";
import { logMetric, mcpLog, synapseLog } from "./log-metrics.ts";
import {
  backupJobs,
  cacheEngine,
  cacheNode,
  database,
  everyTool,
  httpApi,
  invocationDuration,
  invocations,
  lambda,
  type Metric,
  type Statistic,
  service,
  targetGroup,
  toolCalls,
} from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { connectionLimit } from "./storage-alarms.ts";
import { thresholds } from "./thresholds.ts";
import { type Content, type DashboardBody, type Line, layOut, type Row } from "./widgets.ts";

/** The tool by which the backends are compared: it writes, and that is where they differ most. */
export const COMPARED_TOOL = "chat_send_message";

const HEADING = 2;
const GRAPH = 6;

const line = (label: string, metric: Metric, statistic: Statistic): Line => ({ label, metric, statistic });
const percentiles = (label: string, metric: Metric): Line[] =>
  (["p50", "p95"] as const).map((statistic) => line(`${label}, ${statistic}`, metric, statistic));
const graph = (title: string, unit: string, lines: readonly Line[], limit?: number): Content => ({
  type: "metric",
  title,
  unit,
  lines,
  ...(limit !== undefined && { limit: { label: "alarm", value: limit } }),
});

/**
 * The dashboard of an environment: active alarms, then volume, latency and errors of implementations A and B side by
 * side, then the platform below both.
 */
export function dashboard(
  parts: Parts,
  { alarmArns, runbookUrl }: { alarmArns: readonly string[]; runbookUrl: string },
): DashboardBody {
  const { environment, region } = parts;
  const title: Content = {
    type: "text",
    markdown: `# Phenom Chat, ${environment}\nWhat to do about an alarm: [runbook](${runbookUrl})`,
  };
  const alarms: Content = { type: "alarm", title: "Alarms", alarmArns };
  return layOut(
    [
      { height: HEADING, contents: [title] },
      { height: 4, contents: [alarms] },
      ...sideBySide(parts),
      ...mcpRows(parts),
      ...platformRows(parts),
    ],
    region,
  );
}

type GroupMetric = Parameters<typeof targetGroup>[2];

/** A line for each target group; services that share one share its line. */
function groupLines(
  loadBalancer: string,
  services: Readonly<Record<string, FargateService>>,
  name: GroupMetric,
  statistic: Statistic,
  label: (service: string) => string,
): Line[] {
  const groups = new Map<string, string>();
  for (const [id, { targetGroupArnSuffix: group }] of Object.entries(services))
    if (group !== undefined && !groups.has(group)) groups.set(group, id);
  return [...groups].map(([group, id]) => line(label(id), targetGroup(loadBalancer, group, name), statistic));
}

/** One column for each implementation that runs, one row for each question. */
function sideBySide(parts: Parts): Row[] {
  const columns = [
    ...(parts.synapse ? [columnA(parts, parts.synapse)] : []),
    ...(parts.hasura ? [columnB(parts.hasura)] : []),
  ];
  const row = (height: number, of: keyof Column): Row => ({
    height,
    contents: columns.map((column) => column[of]),
  });
  return [row(HEADING, "heading"), row(GRAPH, "volume"), row(GRAPH, "latency"), row(GRAPH, "errors")];
}

interface Column {
  readonly heading: Content;
  readonly volume: Content;
  readonly latency: Content;
  readonly errors: Content;
}

function columnA(
  { environment, loadBalancer }: Parts,
  { synapse, workers, members }: NonNullable<Parts["synapse"]>,
): Column {
  const processes = { synapse, ...workers };
  const groups = (label: string, name: GroupMetric) =>
    groupLines(loadBalancer, processes, name, "Sum", (process) => `${label}, ${process}`);
  const read = (metric: (typeof synapseLog)[keyof typeof synapseLog]) => logMetric(environment, metric);
  return {
    heading: {
      type: "text",
      markdown:
        "## A: Synapse\nSending is measured by Synapse itself. The load balancer's response time holds requests that wait for news.",
    },
    volume: graph("A: volume", "in 5 minutes", [
      line("messages sent", read(synapseLog.sends), "SampleCount"),
      ...groups("requests", "RequestCount"),
    ]),
    latency: graph("A: latency", "seconds", percentiles("send a message", read(synapseLog.sends))),
    errors: graph("A: errors", "in 5 minutes", [
      line("messages not sent", read(synapseLog.failedSends), "Sum"),
      ...groups("5xx", "HTTPCode_Target_5XX_Count"),
      line("errors logged", read(synapseLog.errors), "Sum"),
      line("group syncs failed", invocations(members.handler, "failed"), "Sum"),
    ]),
  };
}

function columnB({
  linkPreview,
  linkPreviewApiId,
  userProvisioner,
  memberSync,
  tokenEnhancement,
}: NonNullable<Parts["hasura"]>): Column {
  const functions = [linkPreview, userProvisioner, memberSync, tokenEnhancement];
  return {
    heading: {
      type: "text",
      markdown:
        "## B: Hasura\nHasura itself is measured by its owners; these are the chat's own parts, and below the tools that use it.",
    },
    volume: graph("B: volume", "in 5 minutes", [
      ...functions.map(({ handler }) => line(handler, invocations(handler), "Sum")),
      line("calls of the webhook", httpApi(linkPreviewApiId, "Count"), "Sum"),
    ]),
    latency: graph("B: latency", "milliseconds", [
      ...functions.flatMap(({ handler }) => percentiles(handler, invocationDuration(handler))),
      ...percentiles("webhook", httpApi(linkPreviewApiId, "Latency")),
    ]),
    errors: graph("B: errors", "in 5 minutes", [
      line("previews failed", invocations(linkPreview.handler, "failed"), "Sum"),
      line("previews misconfigured", invocations(linkPreview.handler, "misconfigured"), "Sum"),
      line("webhook: wrong secret", invocations(linkPreview.handler, "unauthorized"), "Sum"),
      line("webhook: 5xx", httpApi(linkPreviewApiId, "5xx"), "Sum"),
      line("people not provisioned", invocations(userProvisioner.handler, "failed"), "Sum"),
      line("tokens without claims", invocations(tokenEnhancement.handler, "malformed"), "Sum"),
      ...functions.map(({ handler, name }) => line(`${handler} crashed`, lambda(name, "Errors"), "Sum")),
    ]),
  };
}

/** Compares the backends: the tools do the same on both. Only one backend is in use at a time. */
function mcpRows({ environment, loadBalancer, mcp }: Parts): Row[] {
  const backends = ["synapse", "hasura"] as const;
  const compared = (name: "calls" | "latency" | "errors") => (backend: string) =>
    toolCalls(COMPARED_TOOL, backend, name);
  const group = (name: GroupMetric) =>
    groupLines(loadBalancer, { mcp: mcp.service }, name, "Sum", () =>
      name === "RequestCount" ? "requests" : "5xx",
    );
  return [
    {
      height: HEADING,
      contents: [
        {
          type: "text",
          markdown: `## MCP server, on ${mcp.backend}\nThe same tools on both; \`${COMPARED_TOOL}\` shows each for as long as it was the backend.`,
        },
      ],
    },
    {
      height: GRAPH,
      contents: [
        graph(
          `${COMPARED_TOOL}: calls`,
          "in 5 minutes",
          backends.map((backend) => line(`on ${backend}`, compared("calls")(backend), "Sum")),
        ),
        graph(
          `${COMPARED_TOOL}: latency`,
          "milliseconds",
          backends.flatMap((backend) => percentiles(`on ${backend}`, compared("latency")(backend))),
        ),
        graph(
          `${COMPARED_TOOL}: failures`,
          "in 5 minutes",
          backends.map((backend) => line(`on ${backend}`, compared("errors")(backend), "Sum")),
        ),
      ],
    },
    {
      height: GRAPH,
      contents: [
        graph("Every tool: calls", "in 5 minutes", [
          { search: everyTool(mcp.backend, "calls", "Sum"), label: "" },
        ]),
        graph("Every tool: latency, p95", "milliseconds", [
          { search: everyTool(mcp.backend, "latency", "p95"), label: "" },
        ]),
        graph("Requests and errors", "in 5 minutes", [
          ...group("RequestCount"),
          ...group("HTTPCode_Target_5XX_Count"),
          line("errors logged", logMetric(environment, mcpLog.errors), "Sum"),
        ]),
      ],
    },
  ];
}

/** The platform below both implementations. */
function platformRows(parts: Parts): Row[] {
  const { clusterName, loadBalancer, mcp, synapse, database: instance } = parts;
  const services = {
    mcp: mcp.service,
    ...(synapse && { synapse: synapse.synapse, ...synapse.workers }),
    ...(synapse?.synapseAdmin && { "synapse-admin": synapse.synapseAdmin }),
  };
  const use = (name: "CPUUtilization" | "MemoryUtilization", title: string, limit: number): Content =>
    graph(
      title,
      "per cent",
      Object.entries(services).map(([id, of]) => line(id, service(clusterName, of.name, name), "Average")),
      limit,
    );
  return [
    { height: HEADING, contents: [{ type: "text", markdown: "## Platform" }] },
    {
      height: GRAPH,
      contents: [
        use("CPUUtilization", "Tasks: CPU", thresholds.cpu.value),
        use("MemoryUtilization", "Tasks: memory", thresholds.memory.value),
        graph(
          "Tasks: healthy",
          "tasks",
          groupLines(loadBalancer, services, "HealthyHostCount", "Minimum", (id) => id),
        ),
      ],
    },
    {
      height: GRAPH,
      contents: [
        graph("Database: CPU", "per cent", [
          line("CPU", database(instance.identifier, "CPUUtilization"), "Average"),
        ]),
        graph(
          "Database: connections",
          "connections",
          [line("connections", database(instance.identifier, "DatabaseConnections"), "Maximum")],
          connectionLimit(instance.maxConnections),
        ),
        graph("Database: free storage", "bytes", [
          line("free", database(instance.identifier, "FreeStorageSpace"), "Minimum"),
        ]),
        ...(synapse
          ? [
              graph("Media: backups", "in 5 minutes", [
                line("completed", backupJobs(synapse.backupVault, "Completed"), "Sum"),
                line("failed", backupJobs(synapse.backupVault, "Failed"), "Sum"),
              ]),
            ]
          : []),
      ],
    },
    ...redisRows(synapse?.redisNodes ?? []),
  ];
}

/** Redis, if Synapse runs with workers. */
function redisRows(nodes: readonly string[]): Row[] {
  if (nodes.length === 0) return [];
  const lines = (metric: (cluster: string) => Metric, what = "") =>
    nodes.map((cluster, index) => line(`node ${index + 1}${what}`, metric(cluster), "Average"));
  const { cacheEngineCpu, cacheMemory } = thresholds;
  return [
    {
      height: GRAPH,
      contents: [
        graph(
          "Redis: CPU",
          "per cent",
          [
            ...lines((cluster) => cacheEngine(cluster, "EngineCPUUtilization"), ", Redis itself"),
            ...lines((cluster) => cacheNode(cluster, "CPUUtilization")),
          ],
          cacheEngineCpu.value,
        ),
        graph(
          "Redis: memory",
          "per cent",
          lines((cluster) => cacheEngine(cluster, "DatabaseMemoryUsagePercentage")),
          cacheMemory.value,
        ),
        graph(
          "Redis: connections",
          "connections",
          lines((cluster) => cacheNode(cluster, "CurrConnections")),
        ),
      ],
    },
  ];
}

/** The dashboard in CloudWatch. */
export class Dashboard extends Construct {
  readonly name: string;
  readonly body: DashboardBody;

  constructor(scope: Construct, id: string, name: string, body: DashboardBody) {
    super(scope, id);
    this.body = body;
    this.name = new CloudwatchDashboard(this, "Default", {
      dashboardName: name,
      dashboardBody: jsonencode(body),
    }).dashboardName;
  }
}
