import * as z from "zod";

/** A request at the HTTPS listener. */
export interface AlbRequest {
  readonly host: string;
  /** As the client sent it: percent-encoded or not, with `..` or not, with its query. */
  readonly target: string;
  /** Whether it carries the session cookie of the load balancer's own sign-in. @default false */
  readonly signedIn?: boolean;
}

/** What the load balancer does with a request, and the priority of the rule that matches. */
export type AlbOutcome =
  | { readonly priority: number; readonly forwardTo: string; readonly target: string }
  | { readonly priority: number; readonly signInAt: string }
  | { readonly priority: number; readonly status: number; readonly location?: string }
  /** The listener's default action, which others own. */
  | { readonly priority: "default" };

const values = z.object({ values: z.array(z.string()) });
const condition = z.union([
  z.strictObject({ host_header: values }),
  z.strictObject({ path_pattern: z.union([values, z.strictObject({ regex_values: z.array(z.string()) })]) }),
]);
const action = z.discriminatedUnion("type", [
  z.object({ type: z.literal("forward"), order: z.number().optional(), target_group_arn: z.string() }),
  z.object({
    type: z.literal("authenticate-cognito"),
    order: z.number().optional(),
    authenticate_cognito: z.object({
      on_unauthenticated_request: z.enum(["authenticate", "deny", "allow"]),
      user_pool_domain: z.string(),
    }),
  }),
  z.object({
    type: z.literal("redirect"),
    order: z.number().optional(),
    redirect: z.strictObject({ path: z.string(), status_code: z.enum(["HTTP_301", "HTTP_302"]) }),
  }),
  z.object({
    type: z.literal("fixed-response"),
    order: z.number().optional(),
    fixed_response: z.looseObject({ status_code: z.string() }),
  }),
]);
const rewrite = z.strictObject({
  type: z.literal("url-rewrite"),
  url_rewrite_config: z.object({ rewrite: z.object({ regex: z.string(), replace: z.string() }) }),
});
const rule = z.object({
  priority: z.number(),
  condition: z.array(condition),
  action: z.array(action).min(1),
  transform: z.array(rewrite).max(1).default([]),
});
type Rule = z.infer<typeof rule>;
type Action = z.infer<typeof action>;

/**
 * The synthesised rules of the HTTPS listener, evaluated as the Elastic Load Balancing guide describes: the rule with the
 * lowest priority whose conditions all hold. Hosts match without regard to case, paths with; the query is ignored. In a
 * path `*` is any characters and `?` is one, or it is a regular expression. The path is matched as it was sent, neither
 * decoded nor resolved. A URL rewrite changes what the target gets and not the choice of the rule.
 *
 * @param listenerRules bodies of `aws_lb_listener_rule` as Terraform's JSON configuration has them
 * @throws ZodError for a condition, action or transform that the evaluator does not know
 */
export function loadBalancer(listenerRules: readonly unknown[]): (request: AlbRequest) => AlbOutcome {
  const rules = listenerRules.map((body) => rule.parse(body)).sort((a, b) => a.priority - b.priority);
  return (request) => {
    const chosen = rules.find((candidate) => matches(candidate, request));
    return chosen ? outcome(chosen, request) : { priority: "default" };
  };
}

function matches({ condition }: Rule, { host, target }: AlbRequest): boolean {
  const path = target.replace(/\?.*$/s, "");
  const name = host.replace(/:\d+$/, "");
  return condition.every((one) =>
    "host_header" in one
      ? one.host_header.values.some((pattern) => wildcards(pattern, "i").test(name))
      : paths(one.path_pattern).some((pattern) => pattern.test(path)),
  );
}

const paths = (
  pattern: { readonly values: readonly string[] } | { readonly regex_values: readonly string[] },
): RegExp[] =>
  "values" in pattern
    ? pattern.values.map((value) => wildcards(value))
    : pattern.regex_values.map((value) => new RegExp(value));

/** The pattern as a regular expression: everything but `*` and `?` stands for itself. */
function wildcards(pattern: string, flags = ""): RegExp {
  const source = pattern
    .replaceAll(/[\\^$.+()[\]{}|]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, `s${flags}`);
}

function outcome(chosen: Rule, request: AlbRequest): AlbOutcome {
  const { priority } = chosen;
  const inOrder = [...chosen.action].sort((a, b) => (a.order ?? 1) - (b.order ?? 1));
  for (const step of inOrder) {
    const end = carryOut(step, chosen, request);
    if (end) return end;
  }
  throw new Error(`the rule with priority ${priority} has no action that ends the request`);
}

/** `undefined` if the next action continues. */
function carryOut(step: Action, { priority, transform }: Rule, request: AlbRequest): AlbOutcome | undefined {
  switch (step.type) {
    case "authenticate-cognito": {
      const { on_unauthenticated_request: otherwise, user_pool_domain: domain } = step.authenticate_cognito;
      if (request.signedIn || otherwise === "allow") return undefined;
      return otherwise === "deny" ? { priority, status: 401 } : { priority, signInAt: domain };
    }
    case "redirect":
      return {
        priority,
        status: Number(step.redirect.status_code.replace("HTTP_", "")),
        location: `https://${request.host}${step.redirect.path}${/\?.*$/s.exec(request.target)?.[0] ?? ""}`,
      };
    case "fixed-response":
      return { priority, status: Number(step.fixed_response.status_code) };
    case "forward": {
      const [change] = transform.map((one) => one.url_rewrite_config.rewrite);
      const target = change
        ? request.target.replace(new RegExp(change.regex), change.replace)
        : request.target;
      return { priority, forwardTo: step.target_group_arn, target };
    }
  }
}
