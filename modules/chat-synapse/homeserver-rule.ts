import type { Construct } from "constructs";
import { ListenerRule, type ListenerRuleProps, type RuleAction } from "../../constructs/listener-rule.ts";
import type { ChatSynapseProps } from "./props.ts";

/** Makes a listener rule for requests to the homeserver's host name. */
export type HomeserverRule = (
  id: string,
  priority: number,
  paths: readonly string[],
  action: RuleAction,
  options?: Pick<ListenerRuleProps, "rewrite" | "regularExpressions" | "dependsOn">,
) => ListenerRule;

export const homeserverRule =
  (
    scope: Construct,
    {
      deployment,
      listenerArn,
      serverName: host,
    }: Pick<ChatSynapseProps, "deployment" | "listenerArn" | "serverName">,
  ): HomeserverRule =>
  (id, priority, paths, action, options = {}) =>
    new ListenerRule(scope, id, { deployment, listenerArn, host, priority, paths, action, ...options });
