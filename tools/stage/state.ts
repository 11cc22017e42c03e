import * as z from "zod";
import type { Applied } from "./applied.ts";

/** What a stage reads of an applied state. */

const block = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .length(1)
    .transform(([value]) => value as z.output<T>);

const service = z.object({
  name: z.string(),
  arn: z.string(),
  task_definition: z.string(),
  desired_count: z.number(),
  deployment_minimum_healthy_percent: z.number(),
  deployment_maximum_percent: z.number(),
  health_check_grace_period_seconds: z.number().nullish(),
  deployment_circuit_breaker: block(z.object({ enable: z.boolean(), rollback: z.boolean() })),
  load_balancer: z.array(
    z.object({ container_name: z.string(), container_port: z.number(), target_group_arn: z.string() }),
  ),
  service_registries: z.array(z.object({ registry_arn: z.string() })).nullish(),
});
export type ServiceDefinition = z.infer<typeof service>;

const targetGroup = z.object({
  arn: z.string(),
  name: z.string(),
  port: z.number(),
  protocol: z.literal("HTTP"),
  deregistration_delay: z.coerce.number(),
  health_check: block(
    z.object({
      path: z.string(),
      matcher: z.string(),
      interval: z.number(),
      timeout: z.number(),
      healthy_threshold: z.number(),
      unhealthy_threshold: z.number(),
    }),
  ),
});
export type TargetGroupDefinition = z.infer<typeof targetGroup>;

const accessPoint = z.object({
  id: z.string(),
  posix_user: block(z.object({ uid: z.number(), gid: z.number() })),
  root_directory: block(
    z.object({
      path: z.string(),
      creation_info: block(
        z.object({ owner_uid: z.number(), owner_gid: z.number(), permissions: z.string() }),
      ),
    }),
  ),
});

const discoveryService = z.object({
  arn: z.string(),
  name: z.string(),
  dns_config: block(z.object({ namespace_id: z.string() })),
});
const namespace = z.object({ id: z.string(), name: z.string() });

const userPoolClient = z.object({
  id: z.string(),
  name: z.string(),
  client_secret: z.string(),
  callback_urls: z.array(z.string()).nullish(),
  allowed_oauth_scopes: z.array(z.string()).nullish(),
  explicit_auth_flows: z.array(z.string()).nullish(),
});
export type UserPoolClient = z.infer<typeof userPoolClient>;

const lambdaFunction = z.object({
  arn: z.string(),
  function_name: z.string(),
  filename: z.string(),
  environment: z.array(z.object({ variables: z.record(z.string(), z.string()) })).nullish(),
});

const redisGroup = z.object({ primary_endpoint_address: z.string(), port: z.number() });

const api = z.object({ id: z.string(), api_endpoint: z.string() });
const integration = z.object({ api_id: z.string(), integration_uri: z.string() });

const all = <T extends z.ZodType>(applied: Applied, type: string, schema: T): z.output<T>[] =>
  applied.resources(type).map((values) => schema.parse(values));

export const services = (applied: Applied) => all(applied, "aws_ecs_service", service);
export const targetGroups = (applied: Applied) => all(applied, "aws_lb_target_group", targetGroup);
export const accessPoints = (applied: Applied) => all(applied, "aws_efs_access_point", accessPoint);
export const userPoolClients = (applied: Applied) =>
  all(applied, "aws_cognito_user_pool_client", userPoolClient);
export const redisGroups = (applied: Applied) =>
  all(applied, "aws_elasticache_replication_group", redisGroup);
export const lambdaFunctions = (applied: Applied) => all(applied, "aws_lambda_function", lambdaFunction);

/** DNS names of Cloud Map services, by the ARN of the service. */
export function discoveryNames(applied: Applied): ReadonlyMap<string, string> {
  const namespaces = new Map(
    all(applied, "aws_service_discovery_private_dns_namespace", namespace).map(({ id, name }) => [id, name]),
  );
  return new Map(
    all(applied, "aws_service_discovery_service", discoveryService).map(({ arn, name, dns_config }) => [
      arn,
      `${name}.${namespaces.get(dns_config.namespace_id)}`,
    ]),
  );
}

/** Host names of HTTP APIs, with the ARN of the function that each calls. */
export function httpApis(applied: Applied): { readonly host: string; readonly functionArn: string }[] {
  const integrations = all(applied, "aws_apigatewayv2_integration", integration);
  return all(applied, "aws_apigatewayv2_api", api).map(({ id, api_endpoint }) => {
    const uri = integrations.find(({ api_id }) => api_id === id)?.integration_uri ?? "";
    return {
      host: new URL(api_endpoint).host,
      functionArn: /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? "",
    };
  });
}

/** Listener rules as Terraform's configuration has them: a block is an object there, and a list in the state. */
export const listenerRules = (applied: Applied): unknown[] =>
  applied.resources("aws_lb_listener_rule").map(({ priority, condition, action, transform }) => ({
    priority,
    condition: asList(condition).map(unwrapped),
    action: asList(action).map(unwrapped),
    transform: asList(transform).map(unwrapped),
  }));

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && !(Array.isArray(member) && member.length === 0))
      .map(([name, member]) => {
        const [first, ...more] = asList(member);
        const isBlock = typeof first === "object" && first !== null && more.length === 0;
        return [name, isBlock ? unwrapped(first) : member];
      }),
  );
}
