import { textOf } from "../../plugin/value.ts";
import type { AwsService } from "./service.ts";

export const events: AwsService = {
  resources: {
    aws_cloudwatch_event_rule: {
      check: (checks, config) =>
        checks.matches(
          config,
          "schedule_expression",
          /^(?:rate\((?:1 (?:minute|hour|day)|(?!1 )[1-9]\d* (?:minutes|hours|days))\)|cron\(.+\))$/,
          "rate(1 minute), rate(5 minutes) or cron(…).",
        ),
      computed(planned, ids) {
        const name = textOf(planned.name) ?? ids.name();
        const bus = textOf(planned.event_bus_name) ?? "default";
        return { name, id: name, event_bus_name: bus, arn: ids.arn("events", `rule/${name}`) };
      },
      replacedBy: ["name", "name_prefix", "event_bus_name"],
    },
    aws_cloudwatch_event_target: {
      computed(planned, ids) {
        const target = textOf(planned.target_id) ?? ids.name();
        const bus = textOf(planned.event_bus_name) ?? "default";
        return { target_id: target, event_bus_name: bus, id: `${planned.rule}-${target}` };
      },
      replacedBy: ["rule", "target_id", "event_bus_name"],
    },
  },
};
