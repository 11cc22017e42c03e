import { compute } from "./compute.ts";
import type { Finders } from "./finder.ts";
import { identity } from "./identity.ts";
import { network } from "./network.ts";
import { storage } from "./storage.ts";

/** How each type of resource is found. */
export const finders: Finders = { ...compute, ...identity, ...network, ...storage };

/** Types that are created again, and why. */
export const madeAnew: Readonly<Record<string, string>> = {
  aws_ecs_task_definition:
    "a deployment registers a new revision of the family; the old ones stay registered",
  aws_secretsmanager_secret_version:
    "Terraform writes the value as a new version; the old one stays as AWSPREVIOUS until the next change",
  aws_cloudwatch_event_rule: "EventBridge overwrites a rule of the same name with the same schedule",
  aws_cloudwatch_event_target: "EventBridge overwrites the target of the same rule and id",
  aws_cloudwatch_composite_alarm: "CloudWatch overwrites an alarm of the same name",
  aws_budgets_budget: "its name is new; AWS refuses a second one of it, so remove a budget that has it",
  aws_kms_key: "it has no name, and nothing but the alarm topic uses it",
  aws_elasticache_parameter_group: "workers are added after the adoption",
  aws_elasticache_replication_group: "workers are added after the adoption",
  aws_elasticache_subnet_group: "workers are added after the adoption",
};
