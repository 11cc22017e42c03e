import type { EnvironmentData } from "../../environments/schema.ts";
import { version } from "../../shared/version.ts";
import type { Engine } from "../images/engine.ts";
import { availableImage } from "./available-images.ts";
import { workerServices } from "./first-day.ts";

/** What a stage would start, one line each. */
export function planLines(data: EnvironmentData, engine: Engine): string[] {
  const { synapse, hasura } = data.implementations;
  const workers = workerServices(data);
  const tags = Object.entries(data.images).filter(([name]) => (synapse ? true : !name.startsWith("synapse")));
  return [
    `${data.environment}: synthesised, and applied by Terraform with stand-in providers`,
    `inputs of environments/${data.environment}.example.tfvars.json`,
    "PostgreSQL 17 in place of RDS: TLS demanded, the master is no superuser",
    ...(workers.length > 0 ? ["Redis in place of ElastiCache"] : []),
    "moto as Secrets Manager and as Cognito's directory; tokens, hosted pages and triggers by this project",
    ...(hasura ? ["a stand-in for Hasura's engine, and the Lambda functions as processes"] : []),
    ...tags.map(([, { repository, tag }]) => imageLine(engine, `${repository}:${tag ?? version}`)),
    ...[
      ...(synapse
        ? [
            "task database_setup",
            ...["synapse", "synapse_admin", ...workers].map((name) => `service ${name}`),
            "task bootstrap",
          ]
        : []),
      ...(hasura ? ["task migration", "task metadata"] : []),
      "service mcp",
      "ops verify",
    ].map((step, index) => `${index + 1}. ${step}`),
  ];
}

function imageLine(engine: Engine, uri: string): string {
  const found = availableImage(engine, uri);
  return `image ${uri}: ${found ? (found.remark ?? "as it is") : "none here, and no stand-in: its service can't start"}`;
}
