import type { ValueChange } from "../tools/terraform/plan-json.ts";

type Action = ValueChange["actions"][number];

export interface PlannedResource {
  readonly address: string;
  readonly actions: readonly Action[];
  readonly before?: object;
  readonly after?: object;
  /** More of Terraform's `change`. */
  readonly change?: object;
  /** Addresses that the resource refers to. */
  readonly uses?: readonly string[];
  readonly action_reason?: string;
}

/** A plan as `terraform show -json` prints it. */
export const planJson = (resources: readonly PlannedResource[], more: object = {}): string =>
  JSON.stringify({
    format_version: "1.2",
    resource_changes: resources.map(({ address, actions, before, after, change, action_reason }) => ({
      address,
      mode: "managed",
      type: address.split(".")[0],
      action_reason,
      change: { actions, before: before ?? null, after: after ?? null, ...change },
    })),
    configuration: {
      root_module: {
        resources: resources.map(({ address, uses = [] }) => ({
          address: address.replace(/\[.*\]$/, ""),
          expressions: { any: [{ references: uses.flatMap((use) => [`${use}.arn`, use]) }] },
        })),
      },
    },
    ...more,
  });

const task = (image: string) => ({
  family: "mcp",
  cpu: "256",
  memory: "512",
  container_definitions: JSON.stringify([{ name: "mcp", image, environment: [{ name: "A", value: "1" }] }]),
});

/** A release: a new image of one service, on which two alarms depend. */
export const release: readonly PlannedResource[] = [
  {
    address: "aws_ecs_task_definition.mcp_task",
    actions: ["delete", "create"],
    before: task("mcp:1"),
    after: task("mcp:2"),
    change: { replace_paths: [["container_definitions"]] },
  },
  {
    address: "aws_ecs_service.mcp",
    actions: ["update"],
    before: { name: "mcp", desired_count: 2, task_definition: "arn:mcp:1" },
    after: { name: "mcp", desired_count: 2 },
    change: { after_unknown: { task_definition: true } },
    uses: ["aws_ecs_task_definition.mcp_task"],
  },
  ...["cpu", "memory"].map(
    (name): PlannedResource => ({
      address: `aws_cloudwatch_metric_alarm.${name}`,
      actions: ["no-op"],
      before: { alarm_name: name },
      after: { alarm_name: name },
      uses: ["aws_ecs_service.mcp"],
    }),
  ),
];
