import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { alarmTable } from "./alarm-table.ts";
import { AlarmTopic } from "./alarm-topic.ts";
import { Alarms } from "./alarms.ts";
import { Budget } from "./budget.ts";
import { composites } from "./composites.ts";
import { Dashboard, dashboard } from "./dashboard.ts";
import { LogMetrics, mcpLog, synapseLog } from "./log-metrics.ts";
import { Outside, type PublicAddresses } from "./outside.ts";
import type { Parts } from "./parts.ts";
import { deploying } from "./platform-alarms.ts";
import { type ServiceLevel, serviceLevels } from "./service-levels.ts";

export interface MonitoringProps {
  readonly deployment: Deployment;
  readonly parts: Omit<Parts, "environment" | "region">;
  readonly addresses: PublicAddresses;
  /** Mail addresses; each confirms its subscription once. */
  readonly alarmEmails: string[];
  /** HTTPS endpoints of a pager, for what wakes somebody. */
  readonly pagerEndpoints: string[];
  /** US dollars a month from which on the costs are a ticket; 0 for none. */
  readonly monthlyBudget: number;
  /** Page that says what to do about an alarm. */
  readonly runbookUrl: string;
}

/** Monitoring of the chat: metrics from its logs, service levels, alarms of two severities, one dashboard. */
export class Monitoring extends Construct {
  /** Topic of tickets. */
  readonly topicArn: string;
  /** Topic of pages. */
  readonly pageTopicArn: string;
  readonly dashboardName: string;
  readonly serviceLevels: readonly ServiceLevel[];

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { deployment, addresses, alarmEmails, pagerEndpoints, monthlyBudget, runbookUrl } = props;
    const { project, environment, region } = deployment;
    const parts: Parts = { ...props.parts, environment, region };
    this.serviceLevels = serviceLevels(parts);

    new LogMetrics(this, "mcp-log", environment, parts.mcp.service.task.logGroup.name, mcpLog);
    // Every process has its own filters; CloudWatch merges their values into one metric.
    for (const [worker, { task }] of Object.entries(parts.synapse?.workers ?? {}))
      new LogMetrics(this, `synapse-${worker}-log`, environment, task.logGroup.name, synapseLog);
    if (parts.synapse)
      new LogMetrics(this, "synapse-log", environment, parts.synapse.synapse.task.logGroup.name, synapseLog);

    const emails = alarmEmails;
    const prefix = `${project}-chat`;
    this.topicArn = new AlarmTopic(this, "alarm-topic", {
      deployment,
      name: `${prefix}-alarms`,
      emails,
    }).arn;
    this.pageTopicArn = new AlarmTopic(this, "page-topic", {
      deployment,
      name: `${prefix}-pages`,
      emails,
      endpoints: pagerEndpoints,
    }).arn;
    const definitions = alarmTable(parts);
    const alarms = new Alarms(this, "alarm", {
      deployment,
      prefix,
      topicArns: { page: this.pageTopicArn, ticket: this.topicArn },
      runbookUrl,
      alarms: definitions,
      composites: composites(definitions, this.serviceLevels),
      marker: deploying(parts).id,
    });
    new Outside(this, "outside", deployment, addresses);
    new Budget(this, "budget", { deployment, monthlyBudget, emails });
    this.dashboardName = new Dashboard(
      this,
      "dashboard",
      prefix,
      dashboard(parts, { alarms, runbookUrl }),
    ).name;
  }
}
