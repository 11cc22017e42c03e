import type { FargateService } from "../../constructs/fargate-service.ts";
import type { AlarmDefinition, Part } from "./alarm-definition.ts";
import { instance, service, targetGroup } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { type Threshold, thresholds } from "./thresholds.ts";

/** The cluster and the load balancer, as metrics name them. */
type Place = Pick<Parts, "clusterName" | "loadBalancer">;

/** What alarms are about: the prefix of their ids, and its name for people. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly part: Part;
  /** Whether people feel it at once when all its tasks are down. */
  readonly essential: boolean;
  /** Prefix of the runbook's sections. @default - the id */
  readonly sections?: string;
}

/** Alarms on the metrics of a service and its target group. */
export const serviceAlarms = (parts: Place, subject: Subject, of: FargateService): AlarmDefinition[] => [
  ...taskAlarms(parts, subject, of),
  ...(of.targetGroupArnSuffix === undefined
    ? []
    : groupAlarms(
        parts,
        subject,
        of.targetGroupArnSuffix,
        // Such a service stops its task before it starts the next.
        of.maxTasks === 1 ? thresholds.healthyHostsWithGap : thresholds.healthyHosts,
      )),
];

/** Alarms on the metrics of a service's tasks. */
export function taskAlarms(
  { clusterName }: Place,
  { id, name, part, sections = id }: Subject,
  of: FargateService,
): AlarmDefinition[] {
  return [
    {
      id: `${id}-cpu`,
      section: `${sections}-cpu`,
      part,
      role: "cause",
      metric: service(clusterName, of.name, "CPUUtilization"),
      statistic: "Average",
      threshold: thresholds.cpu,
      // Without a task there is no value. The alarm healthy-hosts reports that, if there is a target group.
      missing: of.targetGroupArnSuffix === undefined ? "breaching" : "notBreaching",
      meaning: `${name} uses most of its CPU, and responses get slower`,
      remedy: of.maxTasks === 1 ? "Use a larger task" : "Run more tasks",
    },
    {
      id: `${id}-memory`,
      section: `${sections}-memory`,
      part,
      role: "cause",
      metric: service(clusterName, of.name, "MemoryUtilization"),
      statistic: "Average",
      threshold: thresholds.memory,
      missing: "notBreaching",
      meaning: `${name} uses most of its memory; at the limit Fargate stops the task`,
      remedy: "Restart it if memory grows without load; otherwise use a larger task",
    },
  ];
}

/** @param healthyHosts healthy tasks that the group should have */
export function groupAlarms(
  { loadBalancer }: Pick<Place, "loadBalancer">,
  { id, name, part, essential, sections = id }: Subject,
  group: string,
  healthyHosts: Threshold,
): AlarmDefinition[] {
  return [
    {
      id: `${id}-healthy-hosts`,
      section: `${sections}-healthy-hosts`,
      part,
      role: essential ? "symptom" : "cause",
      metric: targetGroup(loadBalancer, group, "HealthyHostCount"),
      statistic: "Average",
      threshold: healthyHosts,
      // This metric is reported without requests too, so missing data is as bad as zero.
      missing: "breaching",
      meaning: `${name} is down: the load balancer has no healthy task for its requests`,
      remedy: "Check the service's events and log; roll back if it was just deployed",
    },
    {
      id: `${id}-5xx`,
      section: `${sections}-5xx`,
      part,
      role: "cause",
      metric: targetGroup(loadBalancer, group, "HTTPCode_Target_5XX_Count"),
      statistic: "Sum",
      threshold: thresholds.targetErrors,
      // The load balancer reports this metric only if there are such answers.
      missing: "notBreaching",
      meaning: `${name} answers requests with server errors`,
      remedy: "Read the errors in its log; roll back if it was just deployed",
    },
  ];
}

/** Alarm on the time in which a service answers. */
export const latencyAlarms = (
  { loadBalancer }: Place,
  { id, name, part }: Subject,
  { targetGroupArnSuffix }: Pick<FargateService, "targetGroupArnSuffix">,
): AlarmDefinition[] =>
  targetGroupArnSuffix === undefined
    ? []
    : [
        {
          id: `${id}-latency`,
          part,
          role: "cause",
          metric: targetGroup(loadBalancer, targetGroupArnSuffix, "TargetResponseTime"),
          statistic: "p95",
          threshold: thresholds.latency,
          missing: "notBreaching",
          meaning: `${name} is slow: one request in twenty takes longer than the limit`,
          remedy: "Check its CPU, its backend and the database",
        },
      ];

/** Where there are no composites, every alarm tells somebody by itself. */
export const asTickets = (alarms: readonly AlarmDefinition[]): AlarmDefinition[] =>
  alarms.map((alarm) => ({ ...alarm, role: "ticket" }));

/** Alarms on the metrics of an EC2 instance. */
export const instanceAlarms = ({ id, name, part }: Subject, instanceId: string): AlarmDefinition[] => [
  {
    id: `${id}-cpu`,
    part,
    role: "cause",
    metric: instance(instanceId, "CPUUtilization"),
    statistic: "Average",
    threshold: thresholds.cpu,
    missing: "breaching",
    meaning: `${name} uses most of its CPU`,
    remedy: "Use a larger instance, or a second one",
  },
  {
    id: `${id}-status-check`,
    part,
    role: "cause",
    metric: instance(instanceId, "StatusCheckFailed"),
    statistic: "Maximum",
    threshold: thresholds.statusCheck,
    missing: "breaching",
    meaning: `The instance of ${name} does not answer AWS's checks`,
    remedy: "Stop and start it; if that does not help, replace it",
  },
];
