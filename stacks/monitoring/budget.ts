import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Fn, Op, TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";

export interface BudgetProps {
  readonly deployment: Deployment;
  /** US dollars a month; 0 for no budget. */
  readonly monthlyBudget: number;
  readonly emails: string[];
}

/**
 * Monthly budget of what carries the project's tag. Mails when AWS forecasts more than the budget, and at 80 % of it. The
 * tag `Project` must be activated as a cost allocation tag, in the payer's account; until then the budget sees no costs.
 */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, { deployment, monthlyBudget, emails }: BudgetProps) {
    super(scope, id);
    const { project } = deployment;
    const notification = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      notificationType,
      comparisonOperator: "GREATER_THAN",
      threshold,
      thresholdType: "PERCENTAGE",
      subscriberEmailAddresses: emails,
    });
    new BudgetsBudget(this, "Default", {
      count: TerraformCount.of(Token.asNumber(Fn.conditional(Op.gte(monthlyBudget, 1), 1, 0))),
      name: `${project}-chat`,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: Token.asString(Fn.tostring(monthlyBudget)),
      limitUnit: "USD",
      costFilter: [{ name: "TagKeyValue", values: [`user:Project$${project}`] }],
      notification: [notification("FORECASTED", 100), notification("ACTUAL", 80)],
      tags: deployment.tags,
    });
  }
}
