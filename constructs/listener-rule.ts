import { LbListenerRule, type LbListenerRuleAction } from "@cdktf/provider-aws/lib/lb-listener-rule";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";

/** Sign-in by the load balancer, against a Cognito user pool. */
export interface CognitoSignIn {
  readonly userPoolArn: string;
  /** A client with a secret and the callback `https://<host>/oauth2/idpresponse`. */
  readonly clientId: string;
  /** Prefix of the hosted domain, or a whole custom domain. */
  readonly domain: string;
}

/** What a rule does with a request that it matches. */
export type RuleAction =
  | {
      readonly forwardTo: string;
      /** @default - no sign-in */
      readonly signIn?: CognitoSignIn;
      /** Answer to a request without a session: the sign-in page or 401. @default authenticate */
      readonly onUnauthenticated?: "authenticate" | "deny";
    }
  | { readonly redirectTo: string }
  | { readonly forbidden: string };

export interface ListenerRuleProps {
  readonly deployment: Deployment;
  readonly listenerArn: string;
  /** From 1 to 50000, once per listener; the lowest that matches wins. */
  readonly priority: number;
  /** Host header that the rule matches. */
  readonly host: string;
  /** At most three path patterns. */
  readonly paths: readonly string[];
  /** Whether `paths` are regular expressions on the whole path, with neither lookaround nor backreferences. @default - wildcards */
  readonly regularExpressions?: boolean;
  readonly action: RuleAction;
  /** Replaces the part of the path that matches `regex`, before the request is forwarded. @default - the path stays */
  readonly rewrite?: { readonly regex: string; readonly replace: string };
  /** Resources that must exist before the rule matches requests. @default - none */
  readonly dependsOn?: ITerraformDependable[];
}

/** ALB quotas: values in one condition and in all conditions of a rule together. */
const MAX_VALUES_PER_CONDITION = 3;
const MAX_VALUES_PER_RULE = 5;
const MAX_WILDCARDS_PER_RULE = 5;
const MAX_VALUE_LENGTH = 128;
const MAX_PRIORITY = 50_000;
/** Seconds: administrators sign in once a working day. */
const SIGN_IN_SESSION = 12 * 60 * 60;

const actions = (action: RuleAction): LbListenerRuleAction[] => {
  if ("redirectTo" in action)
    return [{ type: "redirect", redirect: { path: action.redirectTo, statusCode: "HTTP_301" } }];
  if ("forbidden" in action)
    return [
      {
        type: "fixed-response",
        fixedResponse: { statusCode: "403", contentType: "text/plain", messageBody: action.forbidden },
      },
    ];
  const { forwardTo, signIn, onUnauthenticated = "authenticate" } = action;
  const forward: LbListenerRuleAction = { type: "forward", order: signIn ? 2 : 1, targetGroupArn: forwardTo };
  if (!signIn) return [forward];
  return [
    {
      type: "authenticate-cognito",
      order: 1,
      authenticateCognito: {
        userPoolArn: signIn.userPoolArn,
        userPoolClientId: signIn.clientId,
        userPoolDomain: signIn.domain,
        onUnauthenticatedRequest: onUnauthenticated,
        scope: "openid",
        sessionTimeout: SIGN_IN_SESSION,
      },
    },
    forward,
  ];
};

const tooManyWildcards = (paths: readonly string[]) => {
  const count = paths.join("").match(/[*?]/g)?.length ?? 0;
  return count > MAX_WILDCARDS_PER_RULE
    ? [`the rule has ${count} wildcards, ALB allows ${MAX_WILDCARDS_PER_RULE}: split the rule`]
    : [];
};

/** An anchored expression gives the same result for a search and for a full match. */
const invalidExpressions = (paths: readonly string[]) =>
  paths
    .filter((path) => !/^\^\/.*\$$/.test(path) || /\(\?|\\\d|[+*?}]\+/.test(path))
    .map(
      (path) =>
        `the path "${path}" must begin with ^/ and end with $, without lookaround, backreferences and possessive quantifiers: ALB supports none of them`,
    );

/** One rule of the HTTPS listener: a host, some paths, and what happens to them. */
export class ListenerRule extends LbListenerRule {
  readonly props: ListenerRuleProps;
  /** Types of the rule's actions, in order. */
  readonly actionTypes: readonly string[];

  constructor(scope: Construct, id: string, props: ListenerRuleProps) {
    const {
      deployment,
      listenerArn,
      priority,
      host,
      paths,
      regularExpressions = false,
      action,
      rewrite,
      dependsOn,
    } = props;
    const pathCondition = {
      pathPattern: regularExpressions ? { regexValues: [...paths] } : { values: [...paths] },
    };
    super(scope, id, {
      listenerArn,
      priority,
      condition: [{ hostHeader: { values: [host] } }, pathCondition],
      action: actions(action),
      tags: deployment.tags,
      ...(dependsOn && { dependsOn }),
      ...(rewrite && {
        transform: [{ type: "url-rewrite", urlRewriteConfig: { rewrite: { ...rewrite } } }],
      }),
    });
    this.props = props;
    this.actionTypes = actions(action).map(({ type }) => type);
    this.node.addValidation({
      validate: () => [
        ...(Number.isInteger(priority) && priority >= 1 && priority <= MAX_PRIORITY
          ? []
          : [`the listener rule's priority is ${priority}: choose a whole number from 1 to ${MAX_PRIORITY}`]),
        ...(paths.length >= 1 && paths.length <= MAX_VALUES_PER_CONDITION
          ? []
          : [
              `the rule has ${paths.length} path patterns, ALB allows 1 to ${MAX_VALUES_PER_CONDITION} values in one condition: split the rule`,
            ]),
        ...(paths.length + 1 <= MAX_VALUES_PER_RULE
          ? []
          : [
              `the rule has ${paths.length + 1} condition values, ALB allows ${MAX_VALUES_PER_RULE}: split the rule`,
            ]),
        ...paths
          .filter((path) => path.length > MAX_VALUE_LENGTH)
          .map(
            (path) =>
              `the path "${path}" has ${path.length} characters, ALB allows ${MAX_VALUE_LENGTH}: split it`,
          ),
        ...(regularExpressions ? invalidExpressions(paths) : tooManyWildcards(paths)),
      ],
    });
  }
}
