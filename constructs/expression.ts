import { DefaultTokenResolver, StringConcat, Tokenization } from "cdktf";
import type { Construct } from "constructs";

/** The reference that `value` stands for, as it is written inside an expression: `var.vpc_id`. */
export const expression = (scope: Construct, value: unknown): string => {
  const resolver = new DefaultTokenResolver(new StringConcat());
  const resolved = Tokenization.resolve(value, { scope, resolver, preparing: false });
  return String(resolved).replace(/^\$\{(.*)\}$/s, "$1");
};
