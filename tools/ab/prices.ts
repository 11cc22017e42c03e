/** An on-demand list price of AWS in us-east-1, without free tier and discounts. */
export interface Price {
  readonly what: string;
  /** US dollars per `unit`. */
  readonly usd: number;
  readonly unit: string;
  /** Where AWS publishes the price, and where it was read if that page was not readable. */
  readonly published: string;
  readonly readAt: string;
  /** Date of the page that was read: year and month. */
  readonly asOf: string;
  readonly note?: string;
}

/** When the prices were last checked. */
export const PRICES_CHECKED = "2026-11-21";

export const REGION = "us-east-1";

export const prices = {
  fargateVcpuHour: {
    what: "Fargate, Linux on X86_64: virtual CPU",
    usd: 0.04048,
    unit: "vCPU-hour",
    published: "https://aws.amazon.com/fargate/pricing/",
    readAt: "https://www.factualminds.com/blog/amazon-fargate-ecs-task-pricing-2026.md",
    asOf: "2026-06",
  },
  fargateGbHour: {
    what: "Fargate, Linux on X86_64: memory",
    usd: 0.004445,
    unit: "GB-hour",
    published: "https://aws.amazon.com/fargate/pricing/",
    readAt: "https://www.factualminds.com/blog/amazon-fargate-ecs-task-pricing-2026.md",
    asOf: "2026-06",
  },
  rdsInstanceHour: {
    what: "RDS for PostgreSQL, db.m5.large (2 vCPU), one zone",
    usd: 0.178,
    unit: "instance-hour",
    published: "https://aws.amazon.com/rds/postgresql/pricing/",
    readAt:
      "https://raw.githubusercontent.com/aws/agent-toolkit-for-aws/main/skills/specialized-skills/database-skills/rds-oss/scripts/rds_commitment_pricing_analyzer.py",
    asOf: "2026",
    note: "not confirmed: the page that was read gives 0.171 for both MySQL and PostgreSQL; check the published page before deciding",
  },
  rdsStorageGbMonth: {
    what: "RDS storage, gp3",
    usd: 0.115,
    unit: "GB-month",
    published: "https://aws.amazon.com/rds/postgresql/pricing/",
    readAt: "https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/",
    asOf: "2026-06",
  },
  albLcuHour: {
    what: "Application Load Balancer capacity: 1 GB processed in an hour",
    usd: 0.008,
    unit: "LCU-hour",
    published: "https://aws.amazon.com/elasticloadbalancing/pricing/",
    readAt: "https://www.egresscost.com/aws",
    asOf: "2026",
  },
  transferOutGb: {
    what: "Data transfer out to the internet, first 10 TB",
    usd: 0.09,
    unit: "GB",
    published: "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer",
    readAt: "https://www.usage.ai/blogs/aws/networking-cost/data-transfer-costs/",
    asOf: "2026-06",
  },
  logsGb: {
    what: "CloudWatch Logs, ingestion",
    usd: 0.5,
    unit: "GB",
    published: "https://aws.amazon.com/cloudwatch/pricing/",
    readAt: "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards.md",
    asOf: "2026-06",
  },
  efsGbMonth: {
    what: "EFS Standard storage (media of A)",
    usd: 0.3,
    unit: "GB-month",
    published: "https://aws.amazon.com/efs/pricing/",
    readAt: "https://aws.amazon.com/efs/pricing/",
    asOf: "2026-06",
  },
  auroraVcpuHour: {
    what: "Aurora PostgreSQL, db.r6g, one of an instance's virtual CPUs",
    usd: 0.15,
    unit: "vCPU-hour",
    published: "https://aws.amazon.com/rds/aurora/pricing/",
    readAt: "https://store-v2-khaki.vercel.app/rds-vs-aurora-cost-calculator.html",
    asOf: "2026",
    note: "not confirmed: 0.300 for the two of db.r6g.large; check the published page before deciding. Requests to the storage are billed beside it and not counted",
  },
  auroraStorageGbMonth: {
    what: "Aurora storage",
    usd: 0.1,
    unit: "GB-month",
    published: "https://aws.amazon.com/rds/aurora/pricing/",
    readAt: "https://store-v2-khaki.vercel.app/rds-vs-aurora-cost-calculator.html",
    asOf: "2026",
  },
  redisNodeHour: {
    what: "ElastiCache for Redis, cache.t4g.micro (workers of A)",
    usd: 0.016,
    unit: "node-hour",
    published: "https://aws.amazon.com/elasticache/pricing/",
    readAt: "https://cur.vantage.sh/aws/amazonelasticache",
    asOf: "2026",
    note: "not confirmed: several calculators give it, the published page was not readable",
  },
  httpApiMillion: {
    what: "API Gateway HTTP API (link previews of B)",
    usd: 1,
    unit: "million requests",
    published: "https://aws.amazon.com/api-gateway/pricing/",
    readAt: "https://appropri8-astro.pages.dev/tutorials/2025/12/02/deploying-simple-api-aws/page/7",
    asOf: "2025-12",
  },
  lambdaMillion: {
    what: "Lambda requests (link previews of B)",
    usd: 0.2,
    unit: "million requests",
    published: "https://aws.amazon.com/lambda/pricing/",
    readAt:
      "https://git.mcrn.ar/mariano/lambda_local_runner/src/commit/957e45b8adae23ce50b966346229585b5df18b4d/docs/lambdas-md/lambda-13-cost.md?display=rendered",
    asOf: "2026",
  },
  lambdaGbSecond: {
    what: "Lambda duration, arm64 (link previews of B)",
    usd: 0.0000133334,
    unit: "GB-second",
    published: "https://aws.amazon.com/lambda/pricing/",
    readAt:
      "https://git.mcrn.ar/mariano/lambda_local_runner/src/commit/957e45b8adae23ce50b966346229585b5df18b4d/docs/lambdas-md/lambda-13-cost.md?display=rendered",
    asOf: "2026",
  },
} as const satisfies Record<string, Price>;
