import { DescribeRulesCommand, type Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Outputs } from "../outputs.ts";
import { type Check, failed, finding, passed } from "./check.ts";

/** The rules of the listener are those that were synthesised. */
export const loadBalancer: Check = {
  name: "load-balancer",
  transient: false,
  async look({ context, outputs }) {
    const remedy = `Someone changed or removed it: npm run ops -- deploy ${context.environment.environment} puts it back`;
    return Promise.all(
      Object.entries(outputs.listener_rules).map(([name, wanted]) => {
        const what = `rule ${wanted.priority} ${name}`;
        return finding(what, remedy, async () => {
          const rule = await describe(() =>
            context.aws.elb.send(new DescribeRulesCommand({ RuleArns: [wanted.arn] })),
          );
          if (!rule) return failed(what, "is not there", remedy);
          const differences = compare(wanted, rule);
          return differences.length
            ? failed(what, differences.join("; "), remedy)
            : passed(what, `${wanted.paths.join(" ")} → ${wanted.actions.join(", ")}`);
        });
      }),
    );
  },
};

async function describe(ask: () => Promise<{ Rules?: Rule[] | undefined }>): Promise<Rule | undefined> {
  try {
    return (await ask()).Rules?.[0];
  } catch (error) {
    if (error instanceof Error && error.name === "RuleNotFoundException") return undefined;
    throw error;
  }
}

function compare(wanted: Outputs["listener_rules"][string], rule: Rule): string[] {
  const conditions = rule.Conditions ?? [];
  const hosts = conditions.flatMap(({ Field, HostHeaderConfig, Values }) =>
    Field === "host-header" ? (HostHeaderConfig?.Values ?? Values ?? []) : [],
  );
  const paths = conditions.flatMap(({ Field, PathPatternConfig, Values }) =>
    Field === "path-pattern" ? (PathPatternConfig?.Values ?? Values ?? []) : [],
  );
  const actions = [...(rule.Actions ?? [])].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
  const forward = actions.find(({ Type }) => Type === "forward");
  const target = forward?.TargetGroupArn ?? forward?.ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn;
  const differs = (what: string, is: readonly (string | undefined)[], should: readonly string[]) =>
    JSON.stringify([...is].sort()) === JSON.stringify([...should].sort())
      ? []
      : [`${what} ${is.join(" ") || "none"}, expected ${should.join(" ") || "none"}`];
  return [
    ...differs("priority", [rule.Priority], [String(wanted.priority)]),
    ...differs("host", hosts, [wanted.host]),
    ...differs("paths", paths, wanted.paths),
    ...differs(
      "actions",
      actions.map(({ Type }) => Type),
      wanted.actions,
    ),
    ...(wanted.target_group ? differs("target", [target], [wanted.target_group]) : []),
  ];
}
