import type { AlarmDefinition, Part, Rule, Watched } from "./alarm-definition.ts";
import { logMetric, synapseLog } from "./log-metrics.ts";
import { backendCalls, httpApi, invocations, lambda, type Metric, targetGroup } from "./metrics.ts";
import type { Parts } from "./parts.ts";

/** What people are promised, how it is measured, and from when on it is broken. */
export interface ServiceLevel {
  readonly id: string;
  readonly part: Part;
  /** What people do. */
  readonly title: string;
  /** Metrics whose sum is the number of all attempts. */
  readonly all: readonly Watched[];
  /** Metrics whose sum is the number of attempts that failed by our fault. */
  readonly bad: readonly Watched[];
  /** Share of the attempts that must succeed within 30 days. */
  readonly objective: number;
  /** Source of the indicator, for people. */
  readonly measuredBy: string;
  /** Why this objective and this indicator. */
  readonly reason: string;
  /** Whether losing the budget fast wakes somebody. */
  readonly pages: boolean;
}

interface Speed {
  /** Times as fast as a budget that lasts 30 days. */
  readonly burnRate: number;
  /** Failures in the long window below which nothing happens: where few people are awake, one tells nothing. */
  readonly atLeast: number;
  /** Seconds. The long window shows that much was lost, the short one that it still goes on. */
  readonly windows: Readonly<Record<string, number>>;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * Burn rates over two windows, as The Site Reliability Workbook recommends in "Alerting on SLOs". Fast loses 2 % of the
 * budget of 30 days in an hour, slow 10 % in a day. A CloudWatch alarm's period is at most a day, so there is none over
 * three days.
 */
export const speeds = {
  fast: { burnRate: 14.4, atLeast: 5, windows: { "1h": HOUR, "5m": 5 * MINUTE } },
  slow: { burnRate: 3, atLeast: 10, windows: { "1d": 24 * HOUR, "2h": 2 * HOUR } },
} as const satisfies Record<string, Speed>;
type SpeedName = keyof typeof speeds;

const sum = (metric: Metric): Watched => ({ metric, statistic: "Sum" });

/** The promises of an environment: the same for A and B, as far as something measures them. */
export const serviceLevels = (parts: Parts): ServiceLevel[] => [
  ...(parts.synapse ? levelsOfA(parts) : []),
  ...(parts.hasura ? levelsOfB(parts, parts.hasura) : []),
  {
    id: "agents",
    part: "agents",
    title: `Agents' calls, on ${parts.mcp.backend}`,
    all: [sum(backendCalls(parts.mcp.backend, "calls"))],
    bad: [sum(backendCalls(parts.mcp.backend, "errors"))],
    measuredBy: "the MCP server, by its backend",
    objective: 0.995,
    reason:
      "An agent tries again by itself, so one call in 200 may fail. A call that fails through the caller's mistake does not count",
    pages: true,
  },
];

function levelsOfA({ environment }: Parts): ServiceLevel[] {
  const counted = (
    answered: (typeof synapseLog)[keyof typeof synapseLog],
    failed: (typeof synapseLog)[keyof typeof synapseLog],
  ): Pick<ServiceLevel, "all" | "bad"> => {
    const bad = [sum(logMetric(environment, failed))];
    // A counter's values are ones, and zeros in quiet minutes. Of sending the values are durations, one for each message.
    const statistic = answered.value === "1" ? "Sum" : "SampleCount";
    return { all: [{ metric: logMetric(environment, answered), statistic }, ...bad], bad };
  };
  return [
    {
      id: "sign-in-a",
      part: "a",
      title: "A: sign in",
      ...counted(synapseLog.signIns, synapseLog.failedSignIns),
      measuredBy: "Synapse's log: SSO redirect, callback and login",
      objective: 0.995,
      reason: "People are signed in for weeks, and who is refused tries again at once",
      pages: true,
    },
    {
      id: "send-a",
      part: "a",
      title: "A: send",
      ...counted(synapseLog.sends, synapseLog.failedSends),
      measuredBy: "Synapse's log",
      objective: 0.999,
      reason: "A message that is not sent is what people complain about; clients repeat it once or twice",
      pages: true,
    },
    {
      id: "read-a",
      part: "a",
      title: "A: read",
      ...counted(synapseLog.reads, synapseLog.failedReads),
      measuredBy: "Synapse's log: sync and history",
      objective: 0.999,
      reason: "A client that fails to sync shows itself as offline, and asks again within seconds",
      pages: true,
    },
    {
      id: "previews-a",
      part: "a",
      title: "A: previews",
      ...counted(synapseLog.previews, synapseLog.failedPreviews),
      measuredBy: "Synapse's log",
      objective: 0.99,
      reason: "A link without a card still works, so nobody is woken for it",
      pages: false,
    },
  ];
}

function levelsOfB(
  { loadBalancer }: Parts,
  { targetGroup: group, tokenEnhancement, userProvisioner, linkPreviewApiId }: NonNullable<Parts["hasura"]>,
): ServiceLevel[] {
  const triggers = [tokenEnhancement.name, userProvisioner.name];
  const each = (name: "Errors" | "Invocations" | "Throttles") => triggers.map((fn) => sum(lambda(fn, name)));
  return [
    {
      id: "sign-in-b",
      part: "b",
      title: "B: sign in",
      // Cognito counts a wrong password as a failure too. Its triggers fail by our fault only.
      all: [...each("Invocations"), ...each("Throttles")],
      bad: [...each("Errors"), ...each("Throttles"), sum(invocations(tokenEnhancement.handler, "malformed"))],
      measuredBy: "both triggers of Cognito: errors, throttles, tokens without claims",
      objective: 0.995,
      reason: "The same as on A. Cognito refuses a sign-in whose trigger fails",
      pages: true,
    },
    {
      id: "graphql-b",
      part: "b",
      title: "B: send and read",
      all: [sum(targetGroup(loadBalancer, group, "RequestCount"))],
      bad: [sum(targetGroup(loadBalancer, group, "HTTPCode_Target_5XX_Count"))],
      measuredBy: "Hasura's target group",
      objective: 0.999,
      reason: "The same as on A. GraphQL has one path, so sending and reading are one indicator",
      pages: true,
    },
    {
      id: "previews-b",
      part: "b",
      title: "B: previews",
      all: [sum(httpApi(linkPreviewApiId, "Count"))],
      bad: [sum(httpApi(linkPreviewApiId, "5xx"))],
      measuredBy: "the webhook's HTTP API",
      objective: 0.99,
      reason: "The same as on A. Hasura delivers an event again after a failure",
      pages: false,
    },
  ];
}

/** Ids of the alarms of one speed. */
const ids = ({ id }: ServiceLevel, speed: SpeedName): string[] =>
  Object.keys(speeds[speed].windows).map((window) => `${id}-${speed}-${window}`);

/** Whether a service level loses its budget at this speed: in the long window, and in the short one too. */
export const burns = (level: ServiceLevel, speed: SpeedName): Rule => ({
  all: ids(level, speed).map((alarm) => ({ alarm })),
});

/** The alarms on how fast budgets are lost. None tells anybody by itself. */
export const burnAlarms = (level: ServiceLevel): AlarmDefinition[] =>
  (level.pages ? (["fast", "slow"] as const) : (["slow"] as const)).flatMap((speed) => {
    const { burnRate, atLeast, windows } = speeds[speed];
    const [longest] = Object.keys(windows);
    return Object.entries(windows).map(([window, period]) => ({
      id: `${level.id}-${speed}-${window}`,
      section: `${level.part}-${speed === "fast" ? "failing" : "burning"}`,
      part: level.part,
      role: "burn" as const,
      ...failureShare(level, window === longest ? atLeast : 1),
      threshold: {
        crossed: "at or above" as const,
        value: Number((burnRate * (1 - level.objective)).toFixed(6)),
        period,
        periods: 1,
      },
      missing: "notBreaching" as const,
      meaning: `${level.title}: in the last ${window} failures use up the budget of 30 days ${burnRate} times as fast as it lasts (objective ${percent(level.objective)})`,
      remedy: "See which cause is on",
    }));
  });

export const percent = (share: number): string => `${Number((100 * share).toFixed(3))} %`;

/** Metric math of the share that failed; zero where fewer than `atLeast` did. */
export function failureShare(
  { all, bad }: Pick<ServiceLevel, "all" | "bad">,
  atLeast: number,
): Pick<Extract<AlarmDefinition, { metrics: unknown }>, "metrics" | "expressions"> {
  const metrics: Record<string, Watched> = {};
  const known = new Map<string, string>();
  const sumOf = (watched: readonly Watched[]) =>
    watched
      .map((one) => {
        const key = JSON.stringify(one);
        const id = known.get(key) ?? `m${known.size + 1}`;
        known.set(key, id);
        metrics[id] = one;
        return `FILL(${id}, 0)`;
      })
      .join(" + ");
  return {
    metrics,
    expressions: { bad: sumOf(bad), all: sumOf(all), share: `IF(bad >= ${atLeast}, bad / all, 0)` },
  };
}
