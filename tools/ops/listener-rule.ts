import type { Rule } from "@aws-sdk/client-elastic-load-balancing-v2";

/** Values of a rule's conditions of one kind. */
export const conditionValues = (
  { Conditions = [] }: Pick<Rule, "Conditions">,
  field: "host-header" | "path-pattern",
): string[] =>
  Conditions.flatMap(({ Field, HostHeaderConfig, PathPatternConfig, Values }) =>
    Field === field ? (HostHeaderConfig?.Values ?? PathPatternConfig?.Values ?? Values ?? []) : [],
  );
