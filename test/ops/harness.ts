import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { development } from "../../environments/development.ts";
import { production } from "../../environments/production.ts";
import type { Outputs } from "../../tools/ops/outputs.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws-api.ts";
import { applied, credentials } from "./command.ts";
import { type Cluster, cluster } from "./ecs.ts";
import { exampleOutputs } from "./outputs.ts";

/** The same tasks by their names in production. */
function inProduction(tasks: Outputs["one_shot_tasks"]): Outputs["one_shot_tasks"] {
  const json = JSON.stringify(tasks).replaceAll(`${development.project}-`, `${production.project}-`);
  return Object.fromEntries(
    Object.entries<Outputs["one_shot_tasks"][string]>(JSON.parse(json)).map(([name, task]) => [
      `${name}_of_production`,
      task,
    ]),
  );
}

/** For a test file: a fake of AWS with the services of {@link exampleOutputs}, reset before each test. */
export function awsHarness(): { readonly aws: AwsServer; readonly ecs: Cluster } {
  let aws: AwsServer;
  let ecs: Cluster;
  let restore: () => void;
  beforeAll(async () => {
    aws = await startAws();
    restore = credentials(aws);
  });
  afterAll(async () => {
    restore?.();
    await aws?.stop();
  });
  beforeEach(() => {
    ecs = cluster({
      ...exampleOutputs,
      one_shot_tasks: { ...exampleOutputs.one_shot_tasks, ...inProduction(exampleOutputs.one_shot_tasks) },
    });
    applied(aws, exampleOutputs);
    aws.account = exampleOutputs.account_id;
    aws.calls.length = 0;
    for (const name of Object.keys(aws.answers)) delete aws.answers[name];
    Object.assign(aws.answers, ecs.answers);
  });
  return {
    get aws() {
      return aws;
    },
    get ecs() {
      return ecs;
    },
  };
}
