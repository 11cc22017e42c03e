import {
  GetApisCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  GetStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import {
  DescribeScalableTargetsCommand,
  DescribeScalingPoliciesCommand,
} from "@aws-sdk/client-application-auto-scaling";
import { DescribeServicesCommand } from "@aws-sdk/client-ecs";
import {
  DescribeTargetGroupsCommand,
  paginateDescribeRules,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetFunctionCommand, GetPolicyCommand } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { conditionValues } from "../listener-rule.ts";
import { unless } from "../preflight/check.ts";
import { type Finders, firstOf } from "./finder.ts";

const NOT_FOUND = ["NotFoundException", "ResourceNotFoundException"];
const policy = z.object({ Statement: z.array(z.object({ Sid: z.string().optional() })) });

/** Services, functions, APIs, and the load balancer's rules. */
export const compute: Finders = {
  aws_ecs_service: {
    by: "cluster and name",
    importId: "<cluster>/<service>",
    replacedBy: ["name", "cluster"],
    async find({ ecs }, wanted) {
      const [cluster, name] = [wanted.text("cluster"), wanted.text("name")];
      const answer = await unless(
        ["ClusterNotFoundException"],
        ecs.send(new DescribeServicesCommand({ cluster, services: [name] })),
      );
      const service = answer?.services?.find(({ status }) => status === "ACTIVE");
      if (!service) return undefined;
      const network = service.networkConfiguration?.awsvpcConfiguration;
      return {
        id: `${cluster.split("/").at(-1)}/${name}`,
        attributes: {
          id: service.serviceArn,
          name,
          cluster,
          launch_type: service.launchType,
          desired_count: service.desiredCount,
          task_definition: service.taskDefinition,
          deployment_minimum_healthy_percent: service.deploymentConfiguration?.minimumHealthyPercent,
          deployment_maximum_percent: service.deploymentConfiguration?.maximumPercent,
          network_configuration: network && {
            subnets: network.subnets,
            security_groups: network.securityGroups,
            assign_public_ip: network.assignPublicIp === "ENABLED",
          },
          load_balancer: service.loadBalancers?.map(({ targetGroupArn, containerName, containerPort }) => ({
            target_group_arn: targetGroupArn,
            container_name: containerName,
            container_port: containerPort,
          })),
        },
      };
    },
  },
  aws_lambda_function: {
    by: "name",
    importId: "<function name>",
    replacedBy: ["function_name", "package_type"],
    async find({ lambda }, wanted) {
      const name = wanted.text("function_name");
      const found = await unless(NOT_FOUND, lambda.send(new GetFunctionCommand({ FunctionName: name })));
      const configuration = found?.Configuration;
      if (!configuration) return undefined;
      return {
        id: name,
        attributes: {
          id: name,
          function_name: name,
          arn: configuration.FunctionArn,
          invoke_arn: `arn:aws:apigateway:${configuration.FunctionArn?.split(":")[3]}:lambda:path/2015-03-31/functions/${configuration.FunctionArn}/invocations`,
          role: configuration.Role,
          runtime: configuration.Runtime,
          handler: configuration.Handler,
          memory_size: configuration.MemorySize,
          timeout: configuration.Timeout,
          architectures: configuration.Architectures,
          package_type: configuration.PackageType ?? "Zip",
          description: configuration.Description,
        },
      };
    },
  },
  aws_lambda_permission: {
    by: "function and statement",
    importId: "<function name>/<statement id>",
    async find({ lambda }, wanted) {
      const [name, statement] = [wanted.text("function_name"), wanted.text("statement_id")];
      const found = await unless(NOT_FOUND, lambda.send(new GetPolicyCommand({ FunctionName: name })));
      const { Statement } = found?.Policy ? policy.parse(JSON.parse(found.Policy)) : { Statement: [] };
      return Statement.some(({ Sid }) => Sid === statement)
        ? {
            id: `${name}/${statement}`,
            attributes: { id: statement, function_name: name, statement_id: statement },
          }
        : undefined;
    },
  },
  aws_lb_target_group: {
    by: "name",
    importId: "<ARN>",
    replacedBy: ["name", "port", "protocol", "target_type", "vpc_id"],
    // ECS registers each task with its own port.
    kept: ["port"],
    async find({ elb }, wanted) {
      const name = wanted.text("name");
      const found = await unless(
        ["TargetGroupNotFoundException", "TargetGroupNotFound"],
        elb.send(new DescribeTargetGroupsCommand({ Names: [name] })),
      );
      const group = found?.TargetGroups?.[0];
      const arn = group?.TargetGroupArn;
      return group && arn
        ? {
            id: arn,
            attributes: {
              id: arn,
              arn,
              name,
              port: group.Port,
              protocol: group.Protocol,
              target_type: group.TargetType,
              vpc_id: group.VpcId,
              health_check: {
                path: group.HealthCheckPath,
                interval: group.HealthCheckIntervalSeconds,
                timeout: group.HealthCheckTimeoutSeconds,
                healthy_threshold: group.HealthyThresholdCount,
                unhealthy_threshold: group.UnhealthyThresholdCount,
                matcher: group.Matcher?.HttpCode,
              },
            },
          }
        : undefined;
    },
  },
  aws_lb_listener_rule: {
    by: "listener and priority, if its host is the server name",
    importId: "<ARN>",
    replacedBy: ["listener_arn"],
    async find({ elb }, wanted) {
      const [listener, priority] = [wanted.text("listener_arn"), wanted.text("priority")];
      const rule = await firstOf(
        paginateDescribeRules({ client: elb }, { ListenerArn: listener }),
        ({ Rules }) => Rules,
        ({ Priority }) => Priority === priority,
      );
      const arn = rule?.RuleArn;
      if (!arn) return undefined;
      const hosts = JSON.stringify(wanted.value("condition") ?? []);
      const [host] = conditionValues(rule, "host-header");
      // Somebody else's rule: preflight says so, and nothing of it is ours to import.
      if (!host || !hosts.includes(JSON.stringify(host))) return undefined;
      return {
        id: arn,
        attributes: {
          id: arn,
          arn,
          listener_arn: listener,
          priority: Number(priority),
          condition: (["host-header", "path-pattern"] as const).flatMap((field) => {
            const values = conditionValues(rule, field);
            return values.length ? [{ [field.replace("-", "_")]: { values } }] : [];
          }),
          action: (rule.Actions ?? []).map(({ Type, Order, TargetGroupArn, ForwardConfig }) => ({
            ...(Order !== undefined && { order: Order }),
            type: Type,
            ...(Type === "forward" && {
              target_group_arn: TargetGroupArn ?? ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn,
            }),
          })),
        },
      };
    },
  },
  aws_appautoscaling_target: {
    by: "service",
    importId: "ecs/<service>/<dimension>",
    replacedBy: ["resource_id", "scalable_dimension", "service_namespace"],
    async find({ scaling }, wanted) {
      const resource = wanted.text("resource_id");
      const found = await scaling.send(
        new DescribeScalableTargetsCommand({ ServiceNamespace: "ecs", ResourceIds: [resource] }),
      );
      const target = found.ScalableTargets?.[0];
      return target
        ? {
            id: `ecs/${resource}/${target.ScalableDimension}`,
            attributes: {
              id: resource,
              resource_id: resource,
              service_namespace: "ecs",
              scalable_dimension: target.ScalableDimension,
              min_capacity: target.MinCapacity,
              max_capacity: target.MaxCapacity,
            },
          }
        : undefined;
    },
  },
  aws_appautoscaling_policy: {
    by: "service and name",
    importId: "ecs/<service>/<dimension>/<policy>",
    replacedBy: ["name", "resource_id", "scalable_dimension", "service_namespace"],
    async find({ scaling }, wanted) {
      const [resource, name] = [wanted.text("resource_id"), wanted.text("name")];
      const found = await scaling.send(
        new DescribeScalingPoliciesCommand({
          ServiceNamespace: "ecs",
          ResourceId: resource,
          PolicyNames: [name],
        }),
      );
      const policy = found.ScalingPolicies?.find(({ PolicyName }) => PolicyName === name);
      return policy
        ? {
            id: `ecs/${resource}/${policy.ScalableDimension}/${name}`,
            attributes: {
              id: name,
              name,
              resource_id: resource,
              service_namespace: "ecs",
              scalable_dimension: policy.ScalableDimension,
              policy_type: policy.PolicyType,
            },
          }
        : undefined;
    },
  },
  aws_apigatewayv2_api: {
    by: "name",
    importId: "<API id>",
    replacedBy: ["protocol_type"],
    async find({ apis }, wanted) {
      const name = wanted.text("name");
      const { Items = [] } = await apis.send(new GetApisCommand({ MaxResults: "500" }));
      const api = Items.find(({ Name }) => Name === name);
      return api?.ApiId
        ? { id: api.ApiId, attributes: { id: api.ApiId, name, protocol_type: api.ProtocolType } }
        : undefined;
    },
  },
  aws_apigatewayv2_integration: {
    by: "API and target",
    importId: "<API id>/<integration id>",
    replacedBy: ["api_id", "integration_type"],
    async find({ apis }, wanted) {
      const [api, uri] = [wanted.text("api_id"), wanted.text("integration_uri")];
      const { Items = [] } = await apis.send(new GetIntegrationsCommand({ ApiId: api }));
      const found = Items.find(({ IntegrationUri }) => IntegrationUri === uri);
      return found?.IntegrationId
        ? {
            id: `${api}/${found.IntegrationId}`,
            attributes: {
              id: found.IntegrationId,
              api_id: api,
              integration_uri: uri,
              integration_type: found.IntegrationType,
            },
          }
        : undefined;
    },
  },
  aws_apigatewayv2_route: {
    by: "API and route key",
    importId: "<API id>/<route id>",
    replacedBy: ["api_id"],
    async find({ apis }, wanted) {
      const [api, key] = [wanted.text("api_id"), wanted.text("route_key")];
      const { Items = [] } = await apis.send(new GetRoutesCommand({ ApiId: api }));
      const found = Items.find(({ RouteKey }) => RouteKey === key);
      return found?.RouteId
        ? { id: `${api}/${found.RouteId}`, attributes: { id: found.RouteId, api_id: api, route_key: key } }
        : undefined;
    },
  },
  aws_apigatewayv2_stage: {
    by: "API and name",
    importId: "<API id>/<stage>",
    replacedBy: ["api_id", "name"],
    async find({ apis }, wanted) {
      const [api, name] = [wanted.text("api_id"), wanted.text("name")];
      const found = await unless(NOT_FOUND, apis.send(new GetStageCommand({ ApiId: api, StageName: name })));
      return found ? { id: `${api}/${name}`, attributes: { id: name, api_id: api, name } } : undefined;
    },
  },
};
