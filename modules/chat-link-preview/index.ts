import { Apigatewayv2Api } from "@cdktf/provider-aws/lib/apigatewayv2-api";
import { Apigatewayv2Integration } from "@cdktf/provider-aws/lib/apigatewayv2-integration";
import { Apigatewayv2Route } from "@cdktf/provider-aws/lib/apigatewayv2-route";
import { Apigatewayv2Stage } from "@cdktf/provider-aws/lib/apigatewayv2-stage";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { GeneratedSecret } from "../../constructs/generated-secret.ts";
import { LogGroup } from "../../constructs/log-group.ts";
import { type LambdaNetwork, NodeLambda } from "../../constructs/node-lambda.ts";
import { Schedule } from "../../constructs/schedule.ts";

export interface ChatLinkPreviewProps {
  /** The environment, and the tags of the module's resources. */
  readonly deployment: Deployment;
  /** Subnets and security group of the function. */
  readonly network: LambdaNetwork;
  /** GraphQL endpoint of Hasura inside the VPC, where previews are stored. */
  readonly hasuraEndpoint: string;
  /** Secret that holds Hasura's admin secret. */
  readonly hasuraAdminSecretArn: string;
  readonly content: {
    /** GraphQL endpoint that knows Phenom's content. */
    readonly endpoint: string;
    /** Hasura role of the query: its permissions decide what every member of the chat may see. */
    readonly role: string;
    /** Document with one variable `id` and the fields `title`, `description`, `thumbnail_url`, `media_type`. */
    readonly query: string;
    /** Address of a piece of content, with `{id}`. */
    readonly urlTemplate: string;
  };
  /** Version of the secret that Hasura and the function share: raise it to draw a new one. */
  readonly secretVersion: number;
}

/** Requests per second and in a burst. Hasura is the only caller, with one request per shared link. */
const throttling = { throttlingRateLimit: 50, throttlingBurstLimit: 100 };

/** Name of the secret that Hasura sends with each event. Its owner finds it by this. */
export const webhookSecretName = ({ project, environment }: Pick<Deployment, "project" | "environment">) =>
  `${project}-${environment}-chat-link-preview-webhook`;

/** Resolves shared links to preview cards: a function behind an HTTP API that Hasura's event trigger calls. */
export class ChatLinkPreview extends Construct {
  /** URL that Hasura's event trigger sends its events to. */
  readonly webhookUrl: string;
  /** Secret that Hasura sends with each event. */
  readonly webhookSecretArn: string;
  /** The function behind the webhook. */
  readonly function: NodeLambda;
  /** HTTP API in front of it, for metrics. */
  readonly apiId: string;

  constructor(scope: Construct, id: string, props: ChatLinkPreviewProps) {
    super(scope, id);
    const { deployment, network, hasuraEndpoint, hasuraAdminSecretArn, content } = props;
    const name = `${deployment.project}-link-preview`;

    const secret = new GeneratedSecret(this, "webhook-secret", {
      deployment,
      name: webhookSecretName(deployment),
      description: "Shared by Hasura's event trigger and the link preview function",
      length: 48,
      version: props.secretVersion,
    });

    const fn = new NodeLambda(this, "function", {
      deployment,
      name,
      description: "Resolves Phenom links in chat messages to preview cards",
      handler: "link-preview",
      memory: 256,
      timeout: 30,
      network,
      environment: {
        HASURA_ENDPOINT: hasuraEndpoint,
        HASURA_ADMIN_SECRET_ARN: hasuraAdminSecretArn,
        WEBHOOK_SECRET_ARN: secret.arn,
        CONTENT_ENDPOINT: content.endpoint,
        CONTENT_ROLE: content.role,
        CONTENT_QUERY: content.query,
        CONTENT_URL_TEMPLATE: content.urlTemplate,
      },
      secretArns: [secret.arn, hasuraAdminSecretArn],
    });

    new Schedule(this, "renewal", {
      deployment,
      name: `${name}-renewal`,
      description: "Renews link previews before they expire, and removes those whose content has gone",
      everyMinutes: 15,
      fn,
      input: { schedule: "renew-previews" },
    });

    const api = new Apigatewayv2Api(this, "api", {
      name,
      description: "Receives Hasura's events for links in chat messages",
      protocolType: "HTTP",
      tags: deployment.tags,
    });
    const integration = new Apigatewayv2Integration(this, "integration", {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: fn.invokeArn,
      payloadFormatVersion: "2.0",
    });
    const route = new Apigatewayv2Route(this, "route", {
      apiId: api.id,
      routeKey: "POST /",
      // The function compares the shared secret before anything else.
      authorizationType: "NONE",
      target: `integrations/${integration.id}`,
    });
    const accessLog = new LogGroup(this, "access-log", {
      deployment,
      name: `/aws/apigateway/${deployment.project}-chat-link-preview`,
    });
    const stage = new Apigatewayv2Stage(this, "stage", {
      apiId: api.id,
      name: "$default",
      autoDeploy: true,
      defaultRouteSettings: throttling,
      accessLogSettings: {
        destinationArn: accessLog.arn,
        format: jsonencode({
          requestId: "$context.requestId",
          sourceIp: "$context.identity.sourceIp",
          requestTime: "$context.requestTime",
          status: "$context.status",
          integrationStatus: "$context.integrationStatus",
          integrationError: "$context.integrationErrorMessage",
          responseLatency: "$context.responseLatency",
        }),
      },
      dependsOn: [route],
      tags: deployment.tags,
    });
    new LambdaPermission(this, "permission", {
      statementId: "http-api",
      action: "lambda:InvokeFunction",
      functionName: fn.name,
      principal: "apigateway.amazonaws.com",
      sourceArn: `${api.executionArn}/*/POST/`,
    });

    this.webhookUrl = stage.invokeUrl;
    this.webhookSecretArn = secret.arn;
    this.function = fn;
    this.apiId = api.id;
  }
}
