import { describe, expect, it } from "@jest/globals";
import { production } from "../../environments/production.ts";
import { emittedMetrics, kind } from "../../test/emitted-metrics.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { environment, Template } from "../chat/template.ts";
import { thresholds } from "./thresholds.ts";

const both = new Template();
type Body = ReturnType<Template["resource"]>;
const alarms = (template: Template) => Object.values(template.resources("aws_cloudwatch_metric_alarm"));
const composites = (template: Template) =>
  Object.values(template.resources("aws_cloudwatch_composite_alarm"));
const isMath = (body: Body) => body.metric_query !== undefined;
const ids = (template: Template) =>
  alarms(template)
    .map(({ alarm_name }) => String(alarm_name).replace("phenom-dev-chat-", ""))
    .sort();
const text = (value: unknown) => String(value).replace(/^\$\{\(?(.*?)\)?\}$/, "$1");

const comparisonOperators: Readonly<Record<string, string>> = {
  GreaterThanThreshold: ">",
  GreaterThanOrEqualToThreshold: "≥",
  LessThanThreshold: "<",
};

/** `what: metric of where: when`, as one would say it. */
function said(body: Body): string {
  const { alarm_name, namespace, metric_name, dimensions, treat_missing_data } = body;
  const where = Object.values((dimensions ?? {}) as Record<string, string>).map(text);
  const statistic = body.statistic ?? body.extended_statistic;
  const limit = `${comparisonOperators[String(body.comparison_operator)]} ${text(body.threshold)}`;
  return [
    String(alarm_name).replace("phenom-dev-chat-", ""),
    `${namespace} ${metric_name}${where.length ? ` of ${where.join(", ")}` : ""}`,
    `${statistic} ${limit} for ${body.evaluation_periods} × ${body.period} s`,
    `no data: ${treat_missing_data}`,
  ].join(" | ");
}

/** `what: severity: rule`, with the ids of alarms. */
function ruleSaid({ alarm_name, alarm_rule, alarm_actions }: Body): string {
  const rule = String(alarm_rule).replaceAll(
    /ALARM\("\$\{aws_cloudwatch_\w+_alarm\.monitoring_alarm_(\w+)\.alarm_name\}"\)/g,
    (_, id: string) => id.replaceAll("_", "-"),
  );
  const severity = String(alarm_actions).includes("page_topic") ? "page" : "ticket";
  return `${String(alarm_name).replace("phenom-dev-chat-", "")} | ${severity} | ${rule}`;
}

const CLUSTER = "var.ecs_cluster_name";
const target = (group: string) => `var.alb_arn_suffix, aws_lb_target_group.chat_${group}.arn_suffix`;
const GRAPHQL = "var.alb_arn_suffix, var.hasura_target_group_arn_suffix";
const RDS = "var.rds_instance_identifier";
const fn = (name: string) => `aws_lambda_function.chat_${name}.function_name`;

const service = (id: string, name: string, group: string, periods = 2) => [
  `${id}-cpu | AWS/ECS CPUUtilization of ${CLUSTER}, aws_ecs_service.chat_${name}.name | Average > 80 for 2 × 300 s | no data: notBreaching`,
  `${id}-memory | AWS/ECS MemoryUtilization of ${CLUSTER}, aws_ecs_service.chat_${name}.name | Average > 70 for 2 × 300 s | no data: notBreaching`,
  `${id}-healthy-hosts | AWS/ApplicationELB HealthyHostCount of ${target(group)} | Average < 1 for ${periods} × 60 s | no data: breaching`,
  `${id}-5xx | AWS/ApplicationELB HTTPCode_Target_5XX_Count of ${target(group)} | Sum ≥ 5 for 1 × 300 s | no data: notBreaching`,
];
const lambda = (id: string, name: string, milliseconds: number, errorPeriods = 1) => [
  `${id}-errors | AWS/Lambda Errors of ${fn(name)} | Sum ≥ 1 for ${errorPeriods} × 300 s | no data: notBreaching`,
  `${id}-throttles | AWS/Lambda Throttles of ${fn(name)} | Sum ≥ 1 for 1 × 300 s | no data: notBreaching`,
  `${id}-duration | AWS/Lambda Duration of ${fn(name)} | Maximum > ${milliseconds} for 1 × 300 s | no data: notBreaching`,
];

describe("the alarms of development", () => {
  it("are the ones listed here", () => {
    expect(
      alarms(both)
        .filter((body) => !isMath(body))
        .map(said)
        .sort(),
    ).toEqual(
      [
        ...service("mcp", "mcp_server_service", "mcp_server_service_target_group"),
        `mcp-latency | AWS/ApplicationELB TargetResponseTime of ${target("mcp_server_service_target_group")} | p95 > 2 for 2 × 300 s | no data: notBreaching`,
        "mcp-errors | PhenomChat/Log/development McpErrors | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",

        // AWS stops Synapse's task before it starts another.
        ...service("synapse", "synapse_homeserver", "synapse_homeserver_target_group", 3),
        "synapse-latency | PhenomChat/Log/development SynapseSendSeconds | p95 > 1 for 2 × 300 s | no data: notBreaching",
        "synapse-errors | PhenomChat/Log/development SynapseErrors | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        ...lambda("synapse-members", "synapse_members", 240_000, 3),
        ...service("synapse-admin", "synapse_admin_ui", "synapse_admin_ui_target_group"),
        "synapse-backup-failed | AWS/Backup NumberOfBackupJobsFailed of aws_backup_vault.chat_synapse_media_backup_vault.name | Sum ≥ 1 for 1 × 3600 s | no data: notBreaching",
        "synapse-backup-missing | AWS/Backup NumberOfBackupJobsCompleted of aws_backup_vault.chat_synapse_media_backup_vault.name | Sum < 1 for 36 × 3600 s | no data: breaching",
        `synapse-admin-latency | AWS/ApplicationELB TargetResponseTime of ${target("synapse_admin_ui_target_group")} | p95 > 2 for 2 × 300 s | no data: notBreaching`,

        "synapse-media-operations | AWS/EFS PercentIOLimit of aws_efs_file_system.chat_synapse_media.id | Average ≥ 90 for 3 × 300 s | no data: notBreaching",

        `graphql-healthy-hosts | AWS/ApplicationELB HealthyHostCount of ${GRAPHQL} | Average < 1 for 2 × 60 s | no data: breaching`,
        `graphql-5xx | AWS/ApplicationELB HTTPCode_Target_5XX_Count of ${GRAPHQL} | Sum ≥ 5 for 1 × 300 s | no data: notBreaching`,
        `graphql-latency | AWS/ApplicationELB TargetResponseTime of ${GRAPHQL} | p95 > 2 for 2 × 300 s | no data: notBreaching`,
        ...lambda("link-preview", "link_preview_function", 24_000),
        "link-preview-api-5xx | AWS/ApiGateway 5xx of aws_apigatewayv2_api.chat_link_preview_api.id | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        "link-preview-failed | PhenomChat Invocations of link-preview, failed | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        "link-preview-misconfigured | PhenomChat Invocations of link-preview, misconfigured | Sum ≥ 1 for 1 × 300 s | no data: notBreaching",
        "link-preview-unauthorized | PhenomChat Invocations of link-preview, unauthorized | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        "outbox-age | PhenomChat OutboxAge of link-preview | Maximum > 3600 for 2 × 900 s | no data: notBreaching",
        "outbox-depth | PhenomChat OutboxDepth of link-preview | Maximum ≥ 500 for 2 × 900 s | no data: notBreaching",
        ...lambda("user-provisioner", "hasura_lite_user_provisioner", 4000),
        "user-provisioner-failed | PhenomChat Invocations of user-provisioner, failed | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        "user-provisioner-without-groups | PhenomChat Invocations of user-provisioner, provisioned_without_groups | Sum ≥ 5 for 1 × 300 s | no data: notBreaching",
        "user-provisioner-malformed | PhenomChat Invocations of user-provisioner, malformed | Sum ≥ 1 for 1 × 300 s | no data: notBreaching",
        ...lambda("member-sync", "hasura_lite_member_sync", 240_000),
        ...lambda("token-enhancement", "hasura_lite_token_enhancement", 4000),
        "token-enhancement-malformed | PhenomChat Invocations of token-enhancement, malformed | Sum ≥ 1 for 1 × 300 s | no data: notBreaching",

        `database-gone | AWS/RDS DatabaseConnections of ${RDS} | Minimum < 0 for 2 × 60 s | no data: breaching`,
        `database-connections | AWS/RDS DatabaseConnections of ${RDS} | Average > floor((local.rds_max_connections * 0.7) for 2 × 300 s | no data: breaching`,
        `database-cpu | AWS/RDS CPUUtilization of ${RDS} | Average > 90 for 4 × 300 s | no data: notBreaching`,
        `database-memory | AWS/RDS FreeableMemory of ${RDS} | Average < local.rds_memory * 53687091.2 for 3 × 300 s | no data: notBreaching`,
        `database-storage | AWS/RDS FreeStorageSpace of ${RDS} | Minimum < data.aws_db_instance.rds.allocated_storage * 161061273.6 for 1 × 300 s | no data: notBreaching`,
        "database-replica-${each.value} | AWS/RDS ReplicaLag of each.value | Average > 30 for 5 × 60 s | no data: breaching",
        "nat-ports-${each.value} | AWS/NATGateway ErrorPortAllocation of each.value | Sum ≥ 1 for 1 × 300 s | no data: notBreaching",
        "load-balancer-5xx | AWS/ApplicationELB HTTPCode_ELB_5XX_Count of var.alb_arn_suffix | Sum ≥ 20 for 2 × 300 s | no data: notBreaching",
        "deploying | PhenomChat/Operations Deploying of development | Minimum ≥ 1 for 1 × 60 s | no data: notBreaching",

        ...["a", "b", "agents"].map(
          (target) =>
            `outside-${target} | PhenomChat/Outside Reachable of development, ${target} | Average < 1 for 3 × 60 s | no data: breaching`,
        ),
        "certificate-expires | PhenomChat/Outside CertificateDays of development | Minimum < 14 for 2 × 21600 s | no data: notBreaching",
        "domain-expires | PhenomChat/Outside DomainDays of development | Minimum < 30 for 2 × 21600 s | no data: notBreaching",
        "origin-certificate-expires | AWS/CertificateManager DaysToExpiry of data.aws_lb_listener.listener.certificate_arn | Minimum < 14 for 1 × 86400 s | no data: notBreaching",
      ].sort(),
    );
  });

  it("count failures of each promise in a long and a short window", () => {
    const burns = alarms(both).filter((body) => isMath(body) && !String(body.alarm_name).includes("cognito"));
    const lines = burns.map(({ alarm_name, threshold, metric_query }) => {
      const [first] = metric_query as { metric?: { period: number } }[];
      return `${String(alarm_name).replace("phenom-dev-chat-", "")} ≥ ${threshold} of ${first?.metric?.period} s`;
    });
    const promise = (id: string, fast: number | undefined, slow: number) => [
      ...(fast === undefined
        ? []
        : [`${id}-fast-1h ≥ ${fast} of 3600 s`, `${id}-fast-5m ≥ ${fast} of 300 s`]),
      `${id}-slow-1d ≥ ${slow} of 86400 s`,
      `${id}-slow-2h ≥ ${slow} of 7200 s`,
    ];
    expect(lines.sort()).toEqual(
      [
        ...["sign-in-a", "sign-in-b", "agents"].flatMap((id) => promise(id, 0.072, 0.015)),
        ...["send-a", "read-a", "graphql-b"].flatMap((id) => promise(id, 0.0144, 0.003)),
        ...["previews-a", "previews-b"].flatMap((id) => promise(id, undefined, 0.03)),
      ].sort(),
    );
  });

  it("that tell somebody are four pages, and tickets that stay closed while their part pages", () => {
    const rules = Object.fromEntries(
      composites(both).map((body) => {
        const [name = "", severity, rule] = ruleSaid(body).split(" | ");
        return [name, [severity, rule]];
      }),
    );
    const burns = (speed: string, windows: readonly string[], ...levels: string[]) =>
      levels
        .map((id) => `(${windows.map((window) => `${id}-${speed}-${window}`).join(" AND ")})`)
        .join(" OR ");
    const fast = (...levels: string[]) => burns("fast", ["1h", "5m"], ...levels);
    const slow = (...levels: string[]) => burns("slow", ["1d", "2h"], ...levels);
    const unless = (part: string) => `AND NOT ${part}-failing AND NOT platform-failing)`;
    expect(rules).toMatchObject({
      "a-failing": [
        "page",
        `(synapse-healthy-hosts OR outside-a OR ${fast("sign-in-a", "send-a", "read-a")})`,
      ],
      "b-failing": ["page", `(graphql-healthy-hosts OR outside-b OR ${fast("sign-in-b", "graphql-b")})`],
      "agents-failing": ["page", `(mcp-healthy-hosts OR outside-agents OR ${fast("agents")})`],
      "platform-failing": ["page", "database-gone"],
      "a-burning": ["ticket", `((${slow("sign-in-a", "send-a", "read-a", "previews-a")}) ${unless("a")}`],
      "agents-burning": ["ticket", `(${slow("agents")} ${unless("agents")}`],
      "agents-causes": [
        "ticket",
        `((mcp-cpu OR mcp-memory OR mcp-5xx OR mcp-latency OR mcp-errors) ${unless("agents")}`,
      ],
    });
    expect(rules["platform-causes"]?.[1]).toMatch(
      /AND NOT a-failing AND NOT b-failing AND NOT agents-failing AND NOT platform-failing\)$/,
    );
    expect(Object.keys(rules)).toHaveLength(11);
  });

  it("fit CloudWatch's limits on rules and metric math", () => {
    for (const template of [
      both,
      new Template(environment({ workers: { sync: 2, events: 1, background: 1 } })),
    ]) {
      for (const { alarm_rule } of composites(template)) {
        expect(String(alarm_rule).match(/ALARM\(/g)?.length).toBeLessThanOrEqual(100);
        expect(String(alarm_rule).length).toBeLessThanOrEqual(10_240);
      }
      for (const { metric_query } of alarms(template))
        expect(((metric_query ?? []) as Body[]).filter(({ metric }) => metric).length).toBeLessThanOrEqual(
          10,
        );
    }
  });

  it("watch metrics that exist", () => {
    const emitted = emittedMetrics("development");
    const withWorkers = new Template(environment({ workers: { sync: 1 } }));
    const bodies = [...alarms(both), ...alarms(withWorkers)];
    const queried = bodies.flatMap(({ metric_query }) =>
      ((metric_query ?? []) as { metric?: Body }[]).flatMap(({ metric }): Body[] => (metric ? [metric] : [])),
    );
    const metrics: Body[] = [...bodies.filter((body) => !isMath(body)), ...queried];
    const watched = metrics.map(({ namespace, metric_name, dimensions }) =>
      kind(String(namespace), String(metric_name), Object.keys(dimensions ?? {})),
    );
    withMessage("Add a metric that AWS reports to test/emitted-metrics.ts", () =>
      expect(watched.filter((metric) => !emitted.has(metric))).toEqual([]),
    );
  });

  it.each(
    [...alarms(both), ...composites(both)].map((body) => [String(body.alarm_name), body] as const),
  )("%s names meaning, remedy and runbook section in at most 1024 characters", (_, { alarm_description }) => {
    expect(alarm_description).toMatch(
      /^[A-Z].{10,}\. [A-Z].+\. Runbook: https:\/\/\S+\/docs\/runbook\.md#[a-z0-9-]+$/,
    );
    expect(String(alarm_description).length).toBeLessThanOrEqual(1024);
  });

  it("notify the topic of their severity when they start and when they end, once they may publish to it", () => {
    const topics = [...alarms(both), ...composites(both)].map(({ alarm_actions, ok_actions }) => {
      expect(ok_actions).toEqual(alarm_actions);
      return alarm_actions ? String(alarm_actions) : "nobody";
    });
    const [page, ticket] = ["page", "alarm"].map(
      (topic) => `\${aws_sns_topic_policy.monitoring_${topic}_topic_policy.arn}`,
    );
    expect(new Set(topics)).toEqual(new Set([page, ticket, "nobody"]));
  });

  it("are quiet while we deploy, tickets for a quarter of an hour longer", () => {
    for (const { alarm_name, actions_suppressor } of composites(both))
      expect(actions_suppressor).toEqual({
        alarm: "${aws_cloudwatch_metric_alarm.monitoring_alarm_deploying.alarm_name}",
        wait_period: String(alarm_name).endsWith("-failing") ? 60 : 900,
        extension_period: String(alarm_name).endsWith("-failing") ? 300 : 900,
      });
  });
});

describe("with workers", () => {
  const workers = new Template(environment({ workers: { sync: 2, background: 1 } }));
  const about = (part: string) =>
    alarms(workers)
      .filter(({ alarm_name }) => String(alarm_name).includes(part))
      .map(said)
      .sort();
  const group = "var.alb_arn_suffix, aws_lb_target_group.chat_synapse_workers_sync_target_group.arn_suffix";
  const task = (worker: string) =>
    `of var.ecs_cluster_name, aws_ecs_service.chat_synapse_workers_${worker}.name`;

  it("each worker has its own alarms, and each kind those of its target group", () => {
    expect(about("synapse-sync")).toEqual([
      `synapse-sync-1-cpu | AWS/ECS CPUUtilization ${task("sync_1")} | Average > 80 for 2 × 300 s | no data: notBreaching`,
      `synapse-sync-1-memory | AWS/ECS MemoryUtilization ${task("sync_1")} | Average > 70 for 2 × 300 s | no data: notBreaching`,
      `synapse-sync-2-cpu | AWS/ECS CPUUtilization ${task("sync_2")} | Average > 80 for 2 × 300 s | no data: notBreaching`,
      `synapse-sync-2-memory | AWS/ECS MemoryUtilization ${task("sync_2")} | Average > 70 for 2 × 300 s | no data: notBreaching`,
      `synapse-sync-5xx | AWS/ApplicationELB HTTPCode_Target_5XX_Count of ${group} | Sum ≥ 5 for 1 × 300 s | no data: notBreaching`,
      `synapse-sync-healthy-hosts | AWS/ApplicationELB HealthyHostCount of ${group} | Average < 2 for 3 × 60 s | no data: breaching`,
    ]);
  });

  it("the CPU alarm of a worker without traffic starts when the worker is gone", () => {
    expect(about("-background-")).toEqual([
      `synapse-background-1-cpu | AWS/ECS CPUUtilization ${task("background_1")} | Average > 80 for 2 × 300 s | no data: breaching`,
      `synapse-background-1-memory | AWS/ECS MemoryUtilization ${task("background_1")} | Average > 70 for 2 × 300 s | no data: notBreaching`,
    ]);
  });

  it("each Redis node has alarms, and its engine CPU alarm starts when the node is gone", () => {
    const group = "aws_elasticache_replication_group.chat_synapse_redis.replication_group_id";
    const node = (number: number) => `of \${${group}}-00${number}`;
    const expected = (number: number) => [
      `synapse-redis-${number}-cpu | AWS/ElastiCache CPUUtilization ${node(number)}, 0001 | Average > 90 for 5 × 60 s | no data: notBreaching`,
      `synapse-redis-${number}-engine-cpu | AWS/ElastiCache EngineCPUUtilization ${node(number)} | Average > 90 for 5 × 60 s | no data: breaching`,
      `synapse-redis-${number}-memory | AWS/ElastiCache DatabaseMemoryUsagePercentage ${node(number)} | Average > 80 for 5 × 60 s | no data: notBreaching`,
    ];
    expect(about("-redis-")).toEqual(expected(1));
    const two = new Template({ ...production, workers: { sync: 2 } });
    expect(two.resource("aws_elasticache_replication_group.chat_synapse_redis").num_cache_clusters).toBe(2);
    const lines = alarms(two).map((body) => said(body).replace("phenom-prod-chat-", ""));
    expect(lines.filter((line) => line.includes("-redis-")).sort()).toEqual([...expected(1), ...expected(2)]);
  });

  it("the logs of all processes are counted", () => {
    const groups = Object.values(workers.resources("aws_cloudwatch_log_metric_filter"))
      .filter(({ name }) => name === "SynapseSendSeconds")
      .map(({ log_group_name }) => text(log_group_name));
    expect(groups.sort()).toEqual([
      "aws_cloudwatch_log_group.chat_synapse_homeserver_task_log_group.name",
      "aws_cloudwatch_log_group.chat_synapse_workers_background_1_task_log_group.name",
      "aws_cloudwatch_log_group.chat_synapse_workers_sync_1_task_log_group.name",
      "aws_cloudwatch_log_group.chat_synapse_workers_sync_2_task_log_group.name",
    ]);
  });
});

describe("the alarm on missing backups", () => {
  const { periods, period } = thresholds.missingBackups;
  const [rule] = both.resource("aws_backup_plan.chat_synapse_media_backup_plan").rule as Body[];
  const longest = 24 * 60 + Number(rule?.start_window) + Number(rule?.completion_window);

  it("starts after the latest end of a night's backup and before the next night's", () => {
    const minutes = (periods * period) / 60;
    expect(minutes).toBeGreaterThan(longest);
    expect(minutes).toBeLessThan(2 * 24 * 60);
  });

  it("spans at most seven days in periods of an hour, as CloudWatch requires beyond one day", () => {
    expect(periods * period).toBeLessThanOrEqual(7 * 24 * 3600);
    expect(period).toBeGreaterThanOrEqual(3600);
  });
});

describe("the alarms of a part", () => {
  const without = (...patterns: RegExp[]) =>
    ids(both).filter((id) => !patterns.some((pattern) => pattern.test(id)));
  const A = { implementations: { synapse: true, hasura: false }, mcp: { backend: "synapse" } } as const;
  const B = { implementations: { synapse: false, hasura: true } } as const;

  it.each([
    [
      "A alone",
      A,
      [/^(link-preview|user-provisioner|member-sync|token-enhancement|graphql|outbox)-/, /-b(-|$)/],
    ],
    ["B alone", B, [/^synapse-/, /-a(-|$)/]],
    ["closed admin paths", { adminAccess: "closed" }, [/^synapse-admin-/]],
  ] as const)("%s", (_, changes, missing) => {
    expect(ids(new Template(environment(changes)))).toEqual(without(...missing));
  });
});

describe.each(["alarm", "page"])("the topic %s", (topic) => {
  it("accepts messages of this account's alarms only", () => {
    const policy = String(both.resource(`aws_sns_topic_policy.monitoring_${topic}_topic_policy`).policy);
    expect(policy.match(/"Effect"/g)).toHaveLength(1);
    expect(policy).toContain('"Principal" = {"Service" = "cloudwatch.amazonaws.com"}');
    expect(policy).toContain('"Action" = "sns:Publish"');
    expect(policy).toContain('"aws:SourceAccount" = data.aws_caller_identity.current.account_id');
    expect(policy).toMatch(
      /"ArnLike" = \{"aws:SourceArn" = "arn:aws:cloudwatch:us-east-1:\$\{.*\}:alarm:\*"\}/,
    );
  });

  it("is encrypted with a key that CloudWatch may use", () => {
    expect(both.resource(`aws_sns_topic.monitoring_${topic}_topic`)).toMatchObject({
      kms_master_key_id: `\${aws_kms_key.monitoring_${topic}_topic_key.arn}`,
    });
    const key = both.resource(`aws_kms_key.monitoring_${topic}_topic_key`);
    expect(key.enable_key_rotation).toBe(true);
    expect(key.policy).toMatch(
      /"Principal" = \{"Service" = "cloudwatch.amazonaws.com"\}, "Action" = \["kms:Decrypt", "kms:GenerateDataKey\*"\]/,
    );
  });

  it("is sent to the mail addresses", () => {
    expect(both.resource(`aws_sns_topic_subscription.monitoring_${topic}_topic_mail`)).toMatchObject({
      for_each: "${toset(var.alarm_emails)}",
      protocol: "email",
      endpoint: "${each.value}",
    });
  });
});

it("pages go to the pager's addresses too, tickets don't", () => {
  expect(both.resource("aws_sns_topic_subscription.monitoring_page_topic_pager")).toMatchObject({
    for_each: "${toset(var.pager_endpoints)}",
    protocol: "https",
    endpoint: "${each.value}",
  });
  expect(Object.keys(both.resources("aws_sns_topic_subscription"))).not.toContain(
    "monitoring_alarm_topic_pager",
  );
});

it("the budget counts what has the project's tag, and is only there if one is given", () => {
  expect(both.resource("aws_budgets_budget.monitoring_budget")).toMatchObject({
    count: expect.stringContaining("var.monthly_budget_usd >= 1"),
    cost_filter: [{ name: "TagKeyValue", values: ["user:Project$phenom-dev"] }],
    notification: [
      { notification_type: "FORECASTED", threshold: 100, subscriber_email_addresses: "${var.alarm_emails}" },
      { notification_type: "ACTUAL", threshold: 80, subscriber_email_addresses: "${var.alarm_emails}" },
    ],
  });
});
