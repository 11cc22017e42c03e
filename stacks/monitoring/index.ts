import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { alarmTable } from "./alarm-table.ts";
import { AlarmTopic } from "./alarm-topic.ts";
import { Alarms } from "./alarms.ts";
import { Dashboard, dashboard } from "./dashboard.ts";
import { LogMetrics, mcpLog, synapseLog } from "./log-metrics.ts";
import type { Parts } from "./parts.ts";

export interface MonitoringProps {
  readonly deployment: Deployment;
  readonly parts: Omit<Parts, "environment" | "region">;
  /** Mail addresses; each confirms its subscription once. */
  readonly alarmEmails: string[];
  /** Page with one section for each alarm. */
  readonly runbookUrl: string;
}

/** Monitoring of the chat: metrics from its logs, alarms by mail, one dashboard. */
export class Monitoring extends Construct {
  readonly topicArn: string;
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { deployment, alarmEmails, runbookUrl } = props;
    const { project, environment, region } = deployment;
    const parts: Parts = { ...props.parts, environment, region };

    new LogMetrics(this, "mcp-log", environment, parts.mcp.service.task.logGroup.name, mcpLog);
    // Every process has its own filters; CloudWatch merges their values into one metric.
    for (const [worker, { task }] of Object.entries(parts.synapse?.workers ?? {}))
      new LogMetrics(this, `synapse-${worker}-log`, environment, task.logGroup.name, synapseLog);
    if (parts.synapse)
      new LogMetrics(this, "synapse-log", environment, parts.synapse.synapse.task.logGroup.name, synapseLog);

    const prefix = `${project}-chat`;
    this.topicArn = new AlarmTopic(this, "alarm-topic", deployment, `${prefix}-alarms`, alarmEmails).arn;
    const alarms = new Alarms(this, "alarm", {
      deployment,
      prefix,
      topicArn: this.topicArn,
      runbookUrl,
      alarms: alarmTable(parts),
    });
    this.dashboardName = new Dashboard(
      this,
      "dashboard",
      prefix,
      dashboard(parts, { alarmArns: alarms.arns, runbookUrl }),
    ).name;
  }
}
