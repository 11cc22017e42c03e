import { type Price, prices as sharedPrices } from "../ab/prices.ts";
import { type Dependencies, withoutIndex } from "./dependencies.ts";
import { field, type PlanJson } from "./plan-json.ts";

const HOURS_PER_MONTH = 730;

const cloudWatch = {
  published: "https://aws.amazon.com/cloudwatch/pricing/",
  readAt: "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards.md",
  asOf: "2026-06",
};

/** What a resource costs as long as it exists, however little it is used. */
export const standingPrices = {
  vcpuHour: sharedPrices.fargateVcpuHour,
  gbHour: sharedPrices.fargateGbHour,
  alarm: { ...cloudWatch, what: "CloudWatch: alarm on a metric", usd: 0.1, unit: "month" },
  compositeAlarm: { ...cloudWatch, what: "CloudWatch: composite alarm", usd: 0.5, unit: "month" },
  dashboard: { ...cloudWatch, what: "CloudWatch: dashboard", usd: 3, unit: "month" },
  secret: {
    what: "Secrets Manager: secret",
    usd: 0.4,
    unit: "month",
    published: "https://aws.amazon.com/secrets-manager/pricing/",
    readAt: "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms",
    asOf: "2026",
  },
  key: {
    what: "KMS: customer managed key",
    usd: 1,
    unit: "month",
    published: "https://aws.amazon.com/kms/pricing/",
    readAt: "https://stevenstuartm.com/study-guides/infrastructure/aws/aws-kms-secrets-manager.html",
    asOf: "2026",
  },
} as const satisfies Record<string, Price>;

const monthly: Readonly<Record<string, Price>> = {
  aws_cloudwatch_metric_alarm: standingPrices.alarm,
  aws_cloudwatch_composite_alarm: standingPrices.compositeAlarm,
  aws_cloudwatch_dashboard: standingPrices.dashboard,
  aws_secretsmanager_secret: standingPrices.secret,
  aws_kms_key: standingPrices.key,
};

/** US dollars a month. */
export interface CostChange {
  readonly before: number;
  readonly after: number;
}

/** Standing costs before and after the plan, of the resources whose costs differ, by address. */
export function costChanges(plan: PlanJson, dependencies: Dependencies): ReadonlyMap<string, CostChange> {
  const values = new Map(plan.resource_changes.map(({ address, change }) => [withoutIndex(address), change]));
  const found = new Map<string, CostChange>();
  for (const { address, type, mode, deposed, change } of plan.resource_changes) {
    if (mode !== "managed" || deposed !== undefined) continue;
    const definition = [...(dependencies.get(withoutIndex(address)) ?? [])].find((each) =>
      each.startsWith("aws_ecs_task_definition."),
    );
    const task = definition === undefined ? undefined : values.get(definition);
    const before = standingCost(type, change.before, task?.before);
    const after = standingCost(type, change.after, task?.after);
    if (Math.abs(after - before) >= 0.005) found.set(address, { before, after });
  }
  return found;
}

/** @param task values of the task definition, for a service */
function standingCost(type: string, values: unknown, task: unknown): number {
  if (values === null || values === undefined) return 0;
  if (type !== "aws_ecs_service") return monthly[type]?.usd ?? 0;
  const [tasks, cpu, memory] = [
    number(field(values, "desired_count")),
    number(field(task, "cpu")) / 1024,
    number(field(task, "memory")) / 1024,
  ];
  const { vcpuHour, gbHour } = standingPrices;
  return tasks * HOURS_PER_MONTH * (cpu * vcpuHour.usd + memory * gbHour.usd);
}

/** Terraform writes a task definition's sizes as texts; what is not known yet counts as nothing. */
const number = (value: unknown): number => Number(value ?? 0) || 0;

/** Differences of all resources together, US dollars a month. */
export const sumOf = (changes: ReadonlyMap<string, CostChange>): number =>
  [...changes.values()].reduce((sum, { before, after }) => sum + after - before, 0);

/** An amount with its sign, such as `+$36.04`. */
export const dollars = (value: number): string =>
  `${value < 0 ? "−" : "+"}$${Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
