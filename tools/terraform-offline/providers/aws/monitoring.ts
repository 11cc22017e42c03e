import { isKnown, listOf, textOf } from "../../plugin/value.ts";
import { CREATED } from "../invented.ts";
import { ACCOUNT } from "./ids.ts";
import type { AwsService } from "./service.ts";

const retentionDays = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const comparisons = [
  "GreaterThanOrEqualToThreshold",
  "GreaterThanThreshold",
  "GreaterThanUpperThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "LessThanOrEqualToThreshold",
  "LessThanThreshold",
];

const schedulePattern =
  /^(rate\(\s*(1\s+(minute|hour|day)|\d+\s+(minutes|hours|days))\s*\)|cron\(\s*\S+(\s+\S+){5}\s*\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$/;

const namePattern = /^[0-9A-Za-z_.-]{1,64}$/;
const NAME_RULE = "At most 64 letters, digits and . - _";

export const monitoring: AwsService = {
  resources: {
    aws_cloudwatch_log_group: {
      check(checks, config) {
        const { retention_in_days: days } = config;
        if (isKnown(days) && !retentionDays.includes(Number(days)))
          checks.error(
            "retention_in_days",
            `expected retention_in_days to be one of ${JSON.stringify(retentionDays)}, got ${days}`,
          );
        checks.matches(
          config,
          "name",
          /^[.\-_/#A-Za-z0-9]{1,512}$/,
          "At most 512 letters, digits and _ - / . #.",
        );
      },
      computed(_planned, ids) {
        const name = ids.name();
        return { name, id: name, arn: ids.arn("logs", `log-group:${name}`), log_group_class: "STANDARD" };
      },
      replacedBy: ["name", "name_prefix"],
      unique: { by: ["name"], error: "ResourceAlreadyExistsException" },
      importedBy: "name",
    },
    aws_cloudwatch_log_stream: {
      computed: ({ name, log_group_name }, ids) => ({
        id: name,
        arn: ids.arn("logs", `log-group:${log_group_name}:log-stream:${name}`),
      }),
      replacedBy: ["name", "log_group_name"],
      unique: { by: ["log_group_name", "name"], error: "ResourceAlreadyExistsException" },
    },
    aws_cloudwatch_log_resource_policy: { computed: ({ policy_name }) => ({ id: policy_name }) },
    aws_cloudwatch_log_subscription_filter: {
      computed: (_planned, ids) => ({ id: `cwlsf-${ids.number(8)}` }),
    },
    aws_cloudwatch_log_metric_filter: {
      computed: ({ name }) => ({ id: name }),
      replacedBy: ["name", "log_group_name"],
    },
    aws_cloudwatch_metric_alarm: {
      check(checks, config) {
        const { period, alarm_actions } = config;
        checks.oneOf(config, "comparison_operator", comparisons);
        checks.oneOf(config, "statistic", ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]);
        checks.oneOf(config, "treat_missing_data", ["breaching", "notBreaching", "ignore", "missing"]);
        if (isKnown(period) && ![10, 20, 30].includes(Number(period)) && Number(period) % 60 !== 0)
          checks.error("period", `period must be 10, 20, 30 or any multiple of 60, got ${period}`);
        if (listOf(alarm_actions).length > 5) checks.error("alarm_actions", "an alarm may have 5 actions");
      },
      computed: ({ alarm_name }, ids) => ({
        id: alarm_name,
        arn: ids.arn("cloudwatch", `alarm:${alarm_name}`),
      }),
      replacedBy: ["alarm_name"],
    },
    aws_cloudwatch_composite_alarm: {
      computed: ({ alarm_name }, ids) => ({
        id: alarm_name,
        arn: ids.arn("cloudwatch", `alarm:${alarm_name}`),
      }),
    },
    aws_cloudwatch_dashboard: {
      check(checks, config) {
        checks.jsonWithList(
          config,
          "dashboard_body",
          "widgets",
          "InvalidParameterInput: the dashboard body has no widgets list",
        );
        checks.matches(
          config,
          "dashboard_name",
          /^[A-Za-z0-9_-]{1,255}$/,
          "At most 255 letters, digits, - and _.",
        );
      },
      computed: ({ dashboard_name }, ids) => ({
        id: dashboard_name,
        dashboard_arn: ids.globalArn("cloudwatch", `dashboard/${dashboard_name}`),
      }),
      replacedBy: ["dashboard_name"],
    },
    aws_cloudwatch_event_rule: {
      check(checks, config) {
        const { schedule_expression, event_pattern } = config;
        if (schedule_expression === null && event_pattern === null)
          checks.error("schedule_expression", "one of event_pattern, schedule_expression must be specified");
        checks.matches(
          config,
          "schedule_expression",
          schedulePattern,
          "rate(5 minutes), rate(1 hour) or cron() with six fields.",
        );
        checks.json("event_pattern", event_pattern);
        checks.matches(config, "name", namePattern, NAME_RULE);
      },
      computed({ event_bus_name }, ids) {
        const bus = textOf(event_bus_name);
        const name = ids.name();
        const id = bus === undefined || bus === "default" ? name : `${bus}/${name}`;
        return { name, id, arn: ids.arn("events", `rule/${id}`), state: "ENABLED" };
      },
      replacedBy: ["name", "name_prefix", "event_bus_name"],
    },
    aws_cloudwatch_event_target: {
      check(checks, config) {
        checks.json("input", config.input);
        checks.matches(config, "target_id", namePattern, NAME_RULE);
      },
      computed({ target_id, rule }, ids) {
        const target = textOf(target_id) ?? `terraform-${ids.hex(26)}`;
        return { target_id: target, id: `${rule}-${target}` };
      },
      replacedBy: ["rule", "target_id", "event_bus_name"],
    },
    aws_scheduler_schedule: {
      check: (checks, config) =>
        checks.matches(
          config,
          "schedule_expression",
          schedulePattern,
          "rate(), cron() with six fields, or at().",
        ),
      computed({ group_name }, ids) {
        const name = ids.name();
        const group = textOf(group_name) ?? "default";
        return {
          name,
          group_name: group,
          id: `${group}/${name}`,
          arn: ids.arn("scheduler", `schedule/${group}/${name}`),
        };
      },
      replacedBy: ["name", "name_prefix", "group_name"],
      unique: { by: ["group_name", "name"], error: "ConflictException" },
    },
    aws_scheduler_schedule_group: {
      computed(_planned, ids) {
        const name = ids.name();
        return {
          name,
          id: name,
          arn: ids.arn("scheduler", `schedule-group/${name}`),
          state: "ACTIVE",
          creation_date: CREATED,
          last_modification_date: CREATED,
        };
      },
    },
    aws_budgets_budget: {
      computed(_planned, ids) {
        const name = ids.name();
        return {
          name,
          account_id: ACCOUNT,
          id: `${ACCOUNT}:${name}`,
          arn: ids.globalArn("budgets", `budget/${name}`),
          time_period_start: "2025-01-01_00:00",
          time_period_end: "2087-06-15_00:00",
        };
      },
      replacedBy: ["name", "name_prefix", "account_id"],
      unique: { by: ["name"], error: "DuplicateRecordException" },
    },
  },
  dataSources: {
    aws_cloudwatch_log_group: {
      computed: ({ name }, ids) => ({
        id: name,
        arn: ids.arn("logs", `log-group:${name}`),
        retention_in_days: 0,
      }),
    },
  },
};
