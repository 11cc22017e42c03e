import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import { Construct } from "constructs";
import { jsonencode } from "../../constructs/encode.ts";
import type { NodeLambda } from "../../constructs/node-lambda.ts";
import type { Calculated } from "./alarm-definition.ts";
import type { Alarms } from "./alarms.ts";
import { platformRows } from "./dashboard-platform.ts";
import { GRAPH, type GroupMetric, graph, groupLines, HEADING, line, percentiles } from "./graphs.ts";
import { logMetric, mcpLog, synapseLog } from "./log-metrics.ts";
import {
  deploymentMarker,
  everyTool,
  httpApi,
  invocationDuration,
  invocations,
  lambda,
  targetGroup,
  toolCalls,
} from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { failureShare, type ServiceLevel, serviceLevels, speeds } from "./service-levels.ts";
import { type Content, type DashboardBody, layOut, type Row } from "./widgets.ts";

/** The tool by which the backends are compared: it writes, and that is where they differ most. */
export const COMPARED_TOOL = "chat_send_message";

/**
 * The dashboard of an environment, in the order of the questions of somebody who was just woken: do people suffer and since
 * when, what changed, which part is it.
 */
export function dashboard(
  parts: Parts,
  { alarms, runbookUrl }: { alarms: Pick<Alarms, "tellingArns" | "otherArns">; runbookUrl: string },
): DashboardBody {
  const { environment, region } = parts;
  const text = (markdown: string): Row => ({ height: HEADING, contents: [{ type: "text", markdown }] });
  return layOut(
    [
      text(
        `# Phenom Chat, ${environment}: do people suffer, and since when?\nAlarms that are on come first. What to do: [runbook](${runbookUrl}). Grey: we deploy.`,
      ),
      { height: 6, contents: [{ type: "alarm", title: "Who is told", alarmArns: alarms.tellingArns }] },
      ...indicatorRows(parts),
      text("## What changed?\nDeployments, tasks and load."),
      { height: GRAPH, contents: changes(parts) },
      text("## Which part?\nThe alarms that explain; below them A and B, the tools, and the platform."),
      {
        height: 4,
        contents: [
          {
            type: "alarm",
            title: "Other alarms that are not OK",
            alarmArns: alarms.otherArns,
            hideOk: true,
          },
        ],
      },
      ...sideBySide(parts),
      ...(parts.hasura ? functionRows(parts.hasura) : []),
      ...mcpRows(parts),
      ...platformRows(parts),
    ],
    region,
  );
}

/** What people do, with its service levels on A and on B. */
const questions = [
  ["Sign in", ["sign-in-a"], ["sign-in-b"]],
  ["Send and read", ["send-a", "read-a"], ["graphql-b"]],
  ["Previews", ["previews-a"], ["previews-b"]],
] as const;

/** The same indicator of A and B side by side: the share that fails, with the line from which on it pages or is a ticket. */
function indicatorRows(parts: Parts): Row[] {
  const levels = new Map(serviceLevels(parts).map((level) => [level.id, level]));
  const indicator = (title: string, ids: readonly string[]): Content[] => {
    const shown = ids.flatMap((id) => levels.get(id) ?? []);
    const [first] = shown;
    if (!first) return [];
    const { burnRate } = speeds[first.pages ? "fast" : "slow"];
    return [
      {
        type: "metric",
        title,
        unit: "per cent",
        lines: shown.map((level) => ({ label: level.title, calculated: failedPercent(level) })),
        limit: {
          label: first.pages ? "pages" : "ticket",
          value: Number((100 * burnRate * (1 - first.objective)).toFixed(3)),
        },
        deployments: deploymentMarker(parts.environment),
      },
    ];
  };
  const rows = questions.map(([what, a, b]) => [
    ...indicator(`A: ${what.toLowerCase()}, share that fails`, a),
    ...indicator(`B: ${what.toLowerCase()}, share that fails`, b),
  ]);
  return [...rows, indicator("Agents' calls, share that fails", ["agents"])].map((contents) => ({
    height: GRAPH,
    contents,
  }));
}

function failedPercent(level: ServiceLevel): Calculated {
  const { metrics, expressions } = failureShare(level, 1);
  return { metrics, expressions: { ...expressions, percent: "100 * share" } };
}

/** When something changed: our deployments, tasks that come and go, and how much people do. */
function changes(parts: Parts): Content[] {
  const { loadBalancer, mcp, synapse, hasura } = parts;
  const services = { mcp: mcp.service, ...(synapse && { synapse: synapse.synapse, ...synapse.workers }) };
  const all = {
    ...services,
    ...(synapse?.synapseAdmin && { "synapse-admin": synapse.synapseAdmin }),
  };
  return [
    graph("We deploy", "1 while we do", [
      line("ops deploy, rollback, restart", deploymentMarker(parts.environment), "Maximum"),
    ]),
    graph("Healthy tasks", "tasks", [
      ...groupLines(loadBalancer, all, "HealthyHostCount", "Minimum", (id) => id),
      ...(hasura
        ? [line("hasura", targetGroup(loadBalancer, hasura.targetGroup, "HealthyHostCount"), "Minimum")]
        : []),
    ]),
    graph("Requests", "in 5 minutes", [
      ...groupLines(loadBalancer, services, "RequestCount", "Sum", (id) => id),
      ...(hasura
        ? [line("hasura", targetGroup(loadBalancer, hasura.targetGroup, "RequestCount"), "Sum")]
        : []),
    ]),
  ];
}

/** One column for each implementation that runs, one row for each question. */
function sideBySide(parts: Parts): Row[] {
  const columns = [
    ...(parts.synapse ? [columnA(parts, parts.synapse)] : []),
    ...(parts.hasura ? [columnB(parts, parts.hasura)] : []),
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

function columnB(
  { loadBalancer }: Parts,
  {
    targetGroup: group,
    linkPreview,
    linkPreviewApiId,
    userProvisioner,
    memberSync,
    tokenEnhancement,
  }: NonNullable<Parts["hasura"]>,
): Column {
  const functions = [linkPreview, userProvisioner, memberSync, tokenEnhancement];
  return {
    heading: {
      type: "text",
      markdown:
        "## B: Hasura\nGraphQL as the load balancer sees it, and the chat's functions. Hasura answers most of its own errors with 200.",
    },
    volume: graph("B: volume", "in 5 minutes", [
      line("GraphQL", targetGroup(loadBalancer, group, "RequestCount"), "Sum"),
      ...functions.map(({ handler }) => line(handler, invocations(handler), "Sum")),
      line("calls of the webhook", httpApi(linkPreviewApiId, "Count"), "Sum"),
    ]),
    latency: graph(
      "B: latency",
      "seconds",
      percentiles("GraphQL", targetGroup(loadBalancer, group, "TargetResponseTime")),
    ),
    errors: graph("B: errors", "in 5 minutes", [
      line("GraphQL: 5xx", targetGroup(loadBalancer, group, "HTTPCode_Target_5XX_Count"), "Sum"),
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

/** How long B's functions take; sign-ins wait for two of them. */
function functionRows({
  linkPreview,
  linkPreviewApiId,
  userProvisioner,
  memberSync,
  tokenEnhancement,
}: NonNullable<Parts["hasura"]>): Row[] {
  const lines = (...functions: NodeLambda[]) =>
    functions.flatMap(({ handler }) => percentiles(handler, invocationDuration(handler)));
  return [
    {
      height: GRAPH,
      contents: [
        graph(
          "B: functions that sign-ins wait for",
          "milliseconds",
          lines(tokenEnhancement, userProvisioner),
        ),
        graph("B: other functions", "milliseconds", [
          ...lines(linkPreview, memberSync),
          ...percentiles("webhook", httpApi(linkPreviewApiId, "Latency")),
        ]),
      ],
    },
  ];
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
