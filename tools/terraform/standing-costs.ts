import { type Price, prices as sharedPrices } from "../ab/prices.ts";
import { field } from "./plan-json.ts";

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
  nat: {
    what: "NAT gateway",
    usd: 0.045,
    unit: "hour",
    published: "https://aws.amazon.com/vpc/pricing/",
    readAt: "https://www.usage.ai/blogs/aws-network-costs/",
    asOf: "2026-05",
  },
  publicAddress: {
    what: "public IPv4 address",
    usd: 0.005,
    unit: "hour",
    published: "https://aws.amazon.com/vpc/pricing/",
    readAt: "https://cloudburn.io/blog/aws-nat-gateway-pricing",
    asOf: "2026-02",
  },
  endpoint: {
    what: "interface endpoint, in one zone",
    usd: 0.01,
    unit: "hour",
    published: "https://aws.amazon.com/privatelink/pricing/",
    readAt: "https://www.usage.ai/blogs/aws-network-costs/",
    asOf: "2026-05",
  },
  loadBalancer: {
    what: "Application Load Balancer",
    usd: 0.0225,
    unit: "hour",
    published: "https://aws.amazon.com/elasticloadbalancing/pricing/",
    readAt: "https://cal53.calculator.city/aws-alb-cost-calculator/",
    asOf: "2026",
  },
  databaseMicro: {
    what: "RDS for PostgreSQL, db.t4g.micro, one zone",
    usd: 0.016,
    unit: "hour",
    published: "https://aws.amazon.com/rds/postgresql/pricing/",
    readAt: "https://infratally.com/articles/aws-rds-pricing-explained-2026.html",
    asOf: "2026",
  },
  databaseLarge: sharedPrices.rdsInstanceHour,
  databaseStorage: sharedPrices.rdsStorageGbMonth,
} as const satisfies Record<string, Price>;

const monthly: Readonly<Record<string, Price>> = {
  aws_cloudwatch_metric_alarm: standingPrices.alarm,
  aws_cloudwatch_composite_alarm: standingPrices.compositeAlarm,
  aws_cloudwatch_dashboard: standingPrices.dashboard,
  aws_secretsmanager_secret: standingPrices.secret,
  aws_kms_key: standingPrices.key,
};

const { nat, publicAddress, endpoint, loadBalancer, databaseStorage } = standingPrices;
const instances: Readonly<Record<string, Price>> = {
  "db.t4g.micro": standingPrices.databaseMicro,
  "db.m5.large": standingPrices.databaseLarge,
};

const hourly = ({ usd }: Price): number => usd * HOURS_PER_MONTH;
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** What depends on the resource's values, by type. */
const byValues: Readonly<Record<string, (values: unknown, task: unknown) => number>> = {
  aws_ecs_service(values, task) {
    const [tasks, cpu, memory] = [
      number(field(values, "desired_count")),
      number(field(task, "cpu")) / 1024,
      number(field(task, "memory")) / 1024,
    ];
    const { vcpuHour, gbHour } = standingPrices;
    return tasks * (cpu * hourly(vcpuHour) + memory * hourly(gbHour));
  },
  aws_nat_gateway: () => hourly(nat),
  aws_eip: () => hourly(publicAddress),
  // A public load balancer has an address in each of its subnets.
  aws_lb: (values) =>
    hourly(loadBalancer) +
    (field(values, "internal") === true ? 0 : lengthOf(field(values, "subnets")) * hourly(publicAddress)),
  aws_vpc_endpoint: (values) =>
    field(values, "vpc_endpoint_type") === "Interface"
      ? lengthOf(field(values, "subnet_ids")) * hourly(endpoint)
      : 0,
  // A standby costs as much again. A class without a known price counts its storage alone.
  aws_db_instance(values) {
    const price = instances[String(field(values, "instance_class"))];
    const copies = field(values, "multi_az") === true ? 2 : 1;
    return (
      copies *
      ((price ? hourly(price) : 0) + number(field(values, "allocated_storage")) * databaseStorage.usd)
    );
  },
};

/**
 * US dollars a month that a resource costs as long as it exists.
 * @param task values of the task definition, for a service
 */
export function standingCost(type: string, values: unknown, task?: unknown): number {
  if (values === null || values === undefined) return 0;
  return byValues[type]?.(values, task) ?? monthly[type]?.usd ?? 0;
}

/** Terraform writes a task definition's sizes as texts; what is not known yet counts as nothing. */
const number = (value: unknown): number => Number(value ?? 0) || 0;
