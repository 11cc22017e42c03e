import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter";
import { Construct } from "constructs";
import { REQUEST_LINE } from "../../modules/chat-synapse/homeserver/log-config.ts";
import type { Metric } from "./metrics.ts";

/** A metric that CloudWatch extracts from log lines, in its filter pattern syntax. */
interface LogMetric {
  readonly name: string;
  readonly pattern: string;
  /** `1` counts lines; a `$field` of the pattern takes the number of that field. */
  readonly value: string;
  readonly unit: "Count" | "Seconds";
}

const LOG_NAMESPACE = "PhenomChat/Log";

const requests = (method: string, status: string, paths: string) =>
  `[line = ${REQUEST_LINE}, method = ${method}, seconds, status = ${status}, ${paths
    .split(" ")
    .map((path) => `path = ${path}`)
    .join(" || ")}]`;
const sends = (status: string) => requests("PUT", status, "/_matrix/client/*/send/*");
/** The three requests of a sign-in by SSO: to the provider, back from it, and for the token. Synapse does not log OPTIONS. */
const signIns = (status: string) =>
  requests(
    "*",
    status,
    "/_matrix/client/*/login/sso/redirect* /_synapse/client/oidc/callback* /_matrix/client/*/login",
  );
const reads = (status: string) =>
  requests("*", status, "/_matrix/client/*/sync* /_matrix/client/*/rooms/*/messages*");
const previews = (status: string) => requests("GET", status, "/_matrix/*/preview_url*");

/** Metrics from Synapse's log. */
export const synapseLog = {
  errors: {
    name: "SynapseErrors",
    pattern: '{ $.level = "ERROR" || $.level = "CRITICAL" }',
    value: "1",
    unit: "Count",
  },
  /** One value for each message that a client sent: the number of values is the volume, the values are the latency. */
  sends: { name: "SynapseSendSeconds", pattern: sends("200"), value: "$seconds", unit: "Seconds" },
  failedSends: { name: "SynapseFailedSends", pattern: sends("5*"), value: "1", unit: "Count" },
  signIns: { name: "SynapseSignIns", pattern: signIns("2* || status = 3*"), value: "1", unit: "Count" },
  failedSignIns: { name: "SynapseFailedSignIns", pattern: signIns("5*"), value: "1", unit: "Count" },
  reads: { name: "SynapseReads", pattern: reads("200"), value: "1", unit: "Count" },
  failedReads: { name: "SynapseFailedReads", pattern: reads("5*"), value: "1", unit: "Count" },
  previews: { name: "SynapsePreviews", pattern: previews("200"), value: "1", unit: "Count" },
  failedPreviews: { name: "SynapseFailedPreviews", pattern: previews("5*"), value: "1", unit: "Count" },
} as const satisfies Record<string, LogMetric>;

/** Metrics from the MCP server's log. */
export const mcpLog = {
  errors: { name: "McpErrors", pattern: '{ $.level = "error" }', value: "1", unit: "Count" },
} as const satisfies Record<string, LogMetric>;

/** The metric of one environment, because environments may share an account. */
export const logMetric = (environment: string, { name }: LogMetric): Metric => ({
  namespace: logNamespace(environment),
  name,
  dimensions: {},
});

const logNamespace = (environment: string) => `${LOG_NAMESPACE}/${environment}`;

/** Metric filters of one log group. */
export class LogMetrics extends Construct {
  constructor(
    scope: Construct,
    id: string,
    environment: string,
    logGroupName: string,
    metrics: Readonly<Record<string, LogMetric>>,
  ) {
    super(scope, id);
    for (const [key, { name, pattern, value, unit }] of Object.entries(metrics))
      new CloudwatchLogMetricFilter(
        this,
        key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
        {
          name,
          logGroupName,
          pattern,
          metricTransformation: {
            name,
            namespace: logNamespace(environment),
            value,
            unit,
            // Zero in quiet minutes, so that an alarm ends. Not for durations, where zero would be a value.
            ...(value === "1" && { defaultValue: "0" }),
          },
        },
      );
  }
}
