import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import { Schedule } from "../../constructs/schedule.ts";

/** Public addresses of an environment. */
export interface PublicAddresses {
  readonly serverName: string;
  /** Health of the MCP server. */
  readonly mcpHealth: string;
  /** Versions that Synapse names. `undefined` where A is off. */
  readonly versions: string | undefined;
  /** GraphQL. `undefined` where B is off. */
  readonly graphql: string | undefined;
}

/**
 * Asks the chat each minute what anybody on the internet can ask. It is a function of ours and no health check of Route 53,
 * because those can't send GraphQL's POST, look at no certificate, and are counted in us-east-1 only.
 */
export class Outside extends Construct {
  constructor(scope: Construct, id: string, deployment: Deployment, addresses: PublicAddresses) {
    super(scope, id);
    const name = `${deployment.project}-chat-outside`;
    const { serverName, mcpHealth, versions, graphql } = addresses;
    // Outside the VPC, so that its requests come from the internet.
    const fn = new NodeLambda(this, "function", {
      deployment,
      name,
      description: "Measures from outside whether the chat answers, and what expires",
      handler: "outside",
      memory: 256,
      timeout: 30,
      environment: {
        ENVIRONMENT: deployment.environment,
        SERVER_NAME: serverName,
        MCP_HEALTH_URL: mcpHealth,
        ...(versions !== undefined && { VERSIONS_URL: versions }),
        ...(graphql !== undefined && { GRAPHQL_URL: graphql }),
      },
    });
    new Schedule(this, "reach", {
      deployment,
      name: `${name}-reach`,
      description: "Measures whether the chat answers",
      everyMinutes: 1,
      fn,
      input: { measure: "reach" },
    });
    new Schedule(this, "expiry", {
      deployment,
      name: `${name}-expiry`,
      description: "Measures when certificate and domain expire",
      everyMinutes: 360,
      fn,
      input: { measure: "expiry" },
    });
  }
}
