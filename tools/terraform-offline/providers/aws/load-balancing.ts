import {
  blocksOf,
  hasUnknown,
  isKnown,
  isText,
  listOf,
  textOf,
  type Value,
  type Values,
} from "../../plugin/value.ts";
import { hex, number } from "../invented.ts";
import type { Context } from "../provider.ts";
import { type Checks, isEmpty, isOther } from "./checks.ts";
import type { Ids } from "./ids.ts";
import type { AwsService, Unique } from "./service.ts";
import { uniqueKey } from "./unique.ts";

const HOSTED_ZONE = "Z35SXDOTRQ7X7K";

const listenerProtocols = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"];

const targetGroupProtocols = ["GENEVE", "HTTP", "HTTPS", "TCP", "TCP_UDP", "TLS", "UDP", "QUIC", "TCP_QUIC"];

/** Types of action that end a request. A list of actions has exactly one of them. */
const finalActions: readonly unknown[] = ["forward", "redirect", "fixed-response"];

const contentTypes = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

const conditionFields = [
  "host_header",
  "http_header",
  "http_request_method",
  "path_pattern",
  "query_string",
  "source_ip",
];

/** The block that a type of action needs. */
const actionBlocks = [
  ["redirect", "redirect", "a redirect action needs a redirect block"],
  ["fixed-response", "fixed_response", "a fixed-response action needs a fixed_response block"],
  [
    "authenticate-cognito",
    "authenticate_cognito",
    "an authenticate-cognito action needs an authenticate_cognito block",
  ],
  ["authenticate-oidc", "authenticate_oidc", "an authenticate-oidc action needs an authenticate_oidc block"],
] as const;

function checkActions(checks: Checks, name: string, value: Value | undefined): void {
  const actions = blocksOf(value);
  actions.forEach((action, i) => {
    const path = [name, i];
    checks.oneOf(
      action,
      "type",
      [
        "forward",
        "redirect",
        "fixed-response",
        "authenticate-cognito",
        "authenticate-oidc",
        "jwt-validation",
      ],
      [...path, "type"],
    );
    if (action.type === "forward" && action.target_group_arn === null && isEmpty(action.forward))
      checks.error(path, `${name}: a forward action needs target_group_arn or a forward block`);
    for (const [type, block, error] of actionBlocks)
      if (action.type === type && isEmpty(action[block])) checks.error(path, `${name}: ${error}`);
    for (const redirect of blocksOf(action.redirect))
      checks.oneOf(redirect, "status_code", ["HTTP_301", "HTTP_302"], [...path, "redirect"]);
    for (const response of blocksOf(action.fixed_response)) {
      const { status_code: status } = response;
      const at = [...path, "fixed_response"];
      if (isText(status) && !/^[245]\d\d$/.test(status))
        checks.error(at, `fixed_response status_code must be 2XX, 4XX or 5XX, got ${status}`);
      checks.oneOf(response, "content_type", contentTypes, at);
    }
  });
  const types = actions.map(({ type }) => type ?? null);
  const final = types.filter((type) => finalActions.includes(type));
  if (actions.length && !hasUnknown(types) && final.length !== 1)
    checks.error(
      name,
      `${name}: exactly one forward, redirect or fixed-response action is needed, found ${final.length}`,
    );
}

function checkHealthCheck(checks: Checks, config: Values): void {
  const at = (name: string) => ["health_check", 0, name];
  checks.range(config, "interval", 5, 300, at("interval"));
  checks.range(config, "timeout", 2, 120, at("timeout"));
  checks.range(config, "healthy_threshold", 2, 10, at("healthy_threshold"));
  checks.range(config, "unhealthy_threshold", 2, 10, at("unhealthy_threshold"));
  const { timeout, interval, path, matcher } = config;
  if (isKnown(timeout) && isKnown(interval) && Number(timeout) >= Number(interval))
    checks.error(
      at("timeout"),
      `health check timeout (${timeout}) must be less than its interval (${interval})`,
    );
  if (isText(path) && (!path.startsWith("/") || path.length > 1024))
    checks.error(at("path"), `health check path must begin with "/": ${JSON.stringify(path)}`);
  if (isText(matcher) && !/^[0-9]{1,3}([,-][0-9]{1,3})*$/.test(matcher))
    checks.error(
      at("matcher"),
      `health check matcher must be codes such as "200" or "200-299": ${JSON.stringify(matcher)}`,
    );
}

function checkConditions(checks: Checks, value: Value | undefined): void {
  if (isEmpty(value)) checks.error("condition", "a listener rule needs at least one condition");
  let count = 0;
  for (const condition of blocksOf(value)) {
    const fields = conditionFields.filter((name) => listOf(condition[name]).length > 0);
    if (fields.length !== 1 && !hasUnknown(condition))
      checks.error(
        "condition",
        `each condition sets exactly one field, found ${fields.length ? fields.join(", ") : "none"}`,
      );
    for (const field of fields)
      for (const block of blocksOf(condition[field])) {
        const values = field === "query_string" ? [block.value ?? null] : listOf(block.values);
        count += values.length;
        for (const text of values)
          if (isText(text) && text.length > 128)
            checks.error("condition", `a condition value may have 128 characters: ${JSON.stringify(text)}`);
        if (field === "path_pattern")
          for (const text of values)
            if (isText(text) && !/^[/*?]/.test(text))
              checks.error("condition", `a path pattern begins with "/": ${JSON.stringify(text)}`);
      }
  }
  if (count > 5)
    checks.error("condition", "A rule can only have '5' condition values", `This one has ${count}.`);
}

const arnKinds: Readonly<Record<string, string>> = { network: "net", gateway: "gwy" };

const listenerArn = (loadBalancer: unknown, ids: Ids) =>
  `${String(loadBalancer ?? "").replace(":loadbalancer/", ":listener/")}/${ids.hex(16)}`;

const uniqueRule: Unique = {
  by: ["listener_arn", "priority"],
  error: "PriorityInUse",
  inAllRegions: true,
  message: ({ priority, listener_arn }) =>
    `Priority '${priority}' is currently in use on listener ${listener_arn}`,
};

function freePriority(listener_arn: Value, { run }: Context): number {
  const isTaken = (priority: number) =>
    run.names.has(uniqueKey("aws_lb_listener_rule", uniqueRule, { listener_arn, priority }));
  let priority = 1;
  while (isTaken(priority)) priority++;
  return priority;
}

const subnetSuffixes = ["a", "b"];

export const loadBalancing: AwsService = {
  resources: {
    aws_lb: {
      check(checks, config) {
        const { name } = config;
        checks.matches(
          config,
          "name",
          /^[A-Za-z0-9-]*$/,
          "Only alphanumeric characters and hyphens are allowed.",
        );
        checks.length(config, "name", 1, 32);
        checks.range(config, "idle_timeout", 1, 4000);
        const { subnets, load_balancer_type: kind } = config;
        if (
          (kind === null || kind === "application") &&
          Array.isArray(subnets) &&
          !hasUnknown(subnets) &&
          subnets.length < 2
        )
          checks.error(
            "subnets",
            "ValidationError: At least two subnets in two different Availability Zones must be specified",
          );
        if (isText(name) && /^-|-$|^internal-/.test(name))
          checks.error(
            "name",
            `"name" cannot begin or end with a hyphen, nor begin with "internal-": ${JSON.stringify(name)}`,
          );
      },
      computed({ load_balancer_type, internal }, ids) {
        const name = ids.name();
        const kind = arnKinds[textOf(load_balancer_type) ?? ""] ?? "app";
        const suffix = `${kind}/${name}/${ids.hex(16)}`;
        const arn = ids.arn("elasticloadbalancing", `loadbalancer/${suffix}`);
        const host = `${internal === true ? "internal-" : ""}${name}-${ids.number(7)}`;
        return {
          name,
          arn,
          id: arn,
          arn_suffix: suffix,
          dns_name: `${host}.${ids.region}.elb.amazonaws.com`,
          zone_id: HOSTED_ZONE,
          vpc_id: `vpc-${ids.hex(17, "vpc")}`,
          internal: false,
          ip_address_type: "ipv4",
          subnets: [],
          security_groups: [`sg-${ids.hex(17, "sg")}`],
        };
      },
      replacedBy: ["name", "name_prefix", "internal", "load_balancer_type"],
      unique: { by: ["name"], error: "DuplicateLoadBalancerName" },
    },
    aws_lb_listener: {
      check(checks, config) {
        const { protocol, default_action } = config;
        checks.range(config, "port", 1, 65535);
        checks.oneOf(config, "protocol", listenerProtocols);
        if (protocol === "HTTPS" || protocol === "TLS")
          checks.required(
            config,
            "certificate_arn",
            `A listener with protocol ${protocol} needs a certificate.`,
          );
        checkActions(checks, "default_action", default_action);
      },
      computed({ load_balancer_arn, protocol }, ids) {
        const arn = listenerArn(load_balancer_arn, ids);
        const encrypts = protocol === "HTTPS" || protocol === "TLS";
        return { arn, id: arn, protocol: "HTTP", ssl_policy: encrypts ? "ELBSecurityPolicy-2016-08" : "" };
      },
      replacedBy: ["load_balancer_arn"],
      unique: { by: ["load_balancer_arn", "port"], error: "DuplicateListener" },
    },
    aws_lb_listener_certificate: {
      computed: ({ listener_arn, certificate_arn }) => ({ id: `${listener_arn}_${certificate_arn}` }),
      replacedBy: ["listener_arn", "certificate_arn"],
    },
    aws_lb_listener_rule: {
      check(checks, config) {
        checks.range(config, "priority", 1, 50000);
        checkConditions(checks, config.condition);
        checkActions(checks, "action", config.action);
      },
      computed({ listener_arn = null }, ids, context) {
        const arn = `${String(listener_arn).replace(":listener/", ":listener-rule/")}/${ids.hex(16)}`;
        return { arn, id: arn, priority: freePriority(listener_arn, context) };
      },
      replacedBy: ["listener_arn"],
      unique: uniqueRule,
    },
    aws_lb_target_group: {
      check(checks, config) {
        const { name, name_prefix, target_type } = config;
        checks.matches(
          config,
          "name",
          /^[A-Za-z0-9-]*$/,
          'Only alphanumeric characters and hyphens are allowed in "name".',
        );
        if (isText(name) && name.length > 32)
          checks.error(
            "name",
            `"name" cannot be longer than 32 characters: ${JSON.stringify(name)} has ${name.length}`,
          );
        if (isText(name) && /^-|-$/.test(name))
          checks.error("name", `"name" cannot begin or end with a hyphen: ${JSON.stringify(name)}`);
        if (isText(name_prefix) && name_prefix.length > 6)
          checks.error(
            "name_prefix",
            `"name_prefix" cannot be longer than 6 characters: ${JSON.stringify(name_prefix)}`,
          );
        checks.oneOf(config, "protocol", targetGroupProtocols);
        checks.oneOf(config, "target_type", ["instance", "ip", "lambda", "alb"]);
        checks.range(config, "port", 1, 65535);
        checks.range(config, "deregistration_delay", 0, 3600);
        checks.range(config, "slow_start", 0, 900);
        checks.oneOf(config, "load_balancing_algorithm_type", [
          "round_robin",
          "least_outstanding_requests",
          "weighted_random",
        ]);
        if (isOther(target_type, "lambda"))
          for (const required of ["port", "protocol", "vpc_id"])
            checks.required(config, required, "It is needed for every target_type but lambda.");
        for (const block of blocksOf(config.health_check)) checkHealthCheck(checks, block);
      },
      computed(_planned, ids) {
        const name = ids.name().slice(0, 32);
        const suffix = `targetgroup/${name}/${ids.hex(16)}`;
        const arn = ids.arn("elasticloadbalancing", suffix);
        return {
          name,
          arn,
          id: arn,
          arn_suffix: suffix,
          load_balancer_arns: [],
          protocol_version: "HTTP1",
          ip_address_type: "ipv4",
          load_balancing_algorithm_type: "round_robin",
          load_balancing_cross_zone_enabled: "use_load_balancer_configuration",
          connection_termination: false,
          preserve_client_ip: null,
        };
      },
      replacedBy: [
        "name",
        "name_prefix",
        "port",
        "protocol",
        "protocol_version",
        "target_type",
        "vpc_id",
        "ip_address_type",
      ],
      unique: { by: ["name"], error: "DuplicateTargetGroupName" },
    },
    aws_lb_target_group_attachment: {
      computed: ({ target_group_arn }, ids) => ({ id: `${target_group_arn}-${ids.hex(26)}` }),
      replacedBy: ["target_group_arn", "target_id", "port", "availability_zone"],
    },
  },
  dataSources: {
    aws_lb: {
      computed(config, ids) {
        const given = textOf(config.arn);
        const name = textOf(config.name) ?? given?.split("/")[2] ?? `lb-${ids.hex(8)}`;
        const suffix = `app/${name}/${hex(name, 16)}`;
        const arn = given ?? ids.arn("elasticloadbalancing", `loadbalancer/${suffix}`);
        return {
          name,
          arn,
          id: arn,
          arn_suffix: arn.split(":loadbalancer/")[1] ?? suffix,
          dns_name: `${name}-${number(name, 7)}.${ids.region}.elb.amazonaws.com`,
          zone_id: HOSTED_ZONE,
          vpc_id: `vpc-${hex("vpc", 17)}`,
          load_balancer_type: "application",
          ip_address_type: "ipv4",
          security_groups: [`sg-${hex(`${name}sg`, 17)}`],
          subnets: subnetSuffixes.map((letter) => `subnet-${hex(name + letter, 17)}`),
          idle_timeout: 60,
          enable_http2: true,
        };
      },
    },
    aws_lb_listener: {
      computed(config, ids) {
        const arn = textOf(config.arn) ?? listenerArn(config.load_balancer_arn, ids);
        return {
          arn,
          id: arn,
          load_balancer_arn: arn.replace(":listener/", ":loadbalancer/").replace(/\/[^/]*$/, ""),
          port: 443,
          protocol: "HTTPS",
          ssl_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
          certificate_arn: ids.arn("acm", `certificate/${ids.uuid()}`),
        };
      },
    },
    aws_lb_target_group: {
      computed(config, ids) {
        const given = textOf(config.arn);
        const name = textOf(config.name) ?? given?.split("/")[1] ?? `tg-${ids.hex(8)}`;
        const arn = given ?? ids.arn("elasticloadbalancing", `targetgroup/${name}/${ids.hex(16)}`);
        return {
          name,
          arn,
          id: arn,
          arn_suffix: arn.split(":").at(-1),
          port: 80,
          protocol: "HTTP",
          target_type: "ip",
          vpc_id: `vpc-${hex("vpc", 17)}`,
        };
      },
    },
  },
};
