import { DescribeRulesCommand, type Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Context } from "../context.ts";
import { conditionValues } from "../listener-rule.ts";
import type { Outputs } from "../outputs.ts";
import { type Check, failed, finding, passed } from "./check.ts";

/** The listener rules are those that were synthesised. */
export const loadBalancer: Check = {
  name: "load-balancer",
  transient: false,
  async run({ context, outputs }) {
    const remedy = `It was changed or removed by hand: npm run ops -- deploy ${context.environment.environment} restores it`;
    return Promise.all(
      Object.entries(outputs.listener_rules).map(([name, expected]) => {
        const what = `rule ${expected.priority} ${name}`;
        return finding(what, remedy, async () => {
          const rule = await describe(context, expected.arn);
          if (!rule) return failed(what, "is missing", remedy);
          const differences = compare(expected, rule);
          return differences.length
            ? failed(what, differences.join("; "), remedy)
            : passed(what, `${expected.paths.join(" ")} → ${expected.actions.join(", ")}`);
        });
      }),
    );
  },
};

async function describe({ aws }: Context, arn: string): Promise<Rule | undefined> {
  try {
    return (await aws.elb.send(new DescribeRulesCommand({ RuleArns: [arn] }))).Rules?.[0];
  } catch (error) {
    if (error instanceof Error && error.name === "RuleNotFoundException") return undefined;
    throw error;
  }
}

function compare(expected: Outputs["listener_rules"][string], rule: Rule): string[] {
  const hosts = conditionValues(rule, "host-header");
  const paths = conditionValues(rule, "path-pattern");
  const actions = [...(rule.Actions ?? [])].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
  const forward = actions.find(({ Type }) => Type === "forward");
  const target = forward?.TargetGroupArn ?? forward?.ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn;
  const differs = (what: string, is: readonly (string | undefined)[], should: readonly string[]) =>
    JSON.stringify([...is].sort()) === JSON.stringify([...should].sort())
      ? []
      : [`${what} ${is.join(" ") || "none"}, expected ${should.join(" ") || "none"}`];
  return [
    ...differs("priority", [rule.Priority], [String(expected.priority)]),
    ...differs("host", hosts, [expected.host]),
    ...differs("paths", paths, expected.paths),
    ...differs(
      "actions",
      actions.map(({ Type }) => Type),
      expected.actions,
    ),
    ...(expected.target_group ? differs("target", [target], [expected.target_group]) : []),
  ];
}
