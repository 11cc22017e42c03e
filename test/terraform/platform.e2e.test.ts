import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "@jest/globals";
import * as z from "zod";
import { production } from "../../environments/production.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { platformStack } from "../../environments/stack-names.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { existingData } from "./existing-data.ts";
import { check, type Synthesised, synthesised } from "./offline.ts";
import { passed } from "./passed.ts";

const state = z.object({
  values: z.object({
    outputs: z.record(z.string(), z.object({ value: z.unknown() })),
    root_module: z.object({
      resources: z.array(
        z.object({ type: z.string(), name: z.string(), values: z.record(z.string(), z.unknown()) }),
      ),
    }),
  }),
});
type Resource = z.output<typeof state>["values"]["root_module"]["resources"][number];

/** Applies the platform of production. @returns its outputs and resources */
async function applied() {
  const synth = synthesised(production, platformStack(production.environment));
  const file = path.join(synth.out, "state.json");
  const { code, output, warnings } = await check(synth, "--state", file);
  withMessage(output, () => expect(code).toBe(0));
  expect(output).toMatch(/ok {4}plan again .* No changes\./);
  // The provider sends no health check settings at all without this argument, whose only value is 1.
  expect(warnings.filter((warning) => !/Argument is deprecated: "failure_threshold"/.test(warning))).toEqual(
    [],
  );
  const { outputs, root_module } = state.parse(JSON.parse(readFileSync(file, "utf8"))).values;
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
    resources: root_module.resources,
  };
}

/** The chat on that platform. */
function chat(outputs: Readonly<Record<string, unknown>>): Synthesised {
  const onPlatform: EnvironmentData = { ...production, inputs: { from: "remote-state" } };
  const synth = synthesised(onPlatform);
  const remote = path.join(synth.out, "remote.json");
  writeFileSync(remote, JSON.stringify({ platform: outputs }));
  const existing = path.join(synth.out, "existing.json");
  writeFileSync(existing, JSON.stringify(existingData(production, outputs)));
  const images = synth.inputs.slice(0, 2);
  return { ...synth, inputs: [...images, "--data", existing, "--remote-outputs", remote] };
}

const containersOf = (resources: readonly Resource[]) => {
  const task = resources.find(({ type }) => type === "aws_ecs_task_definition");
  return z
    .array(
      z.object({
        name: z.string(),
        environment: z.array(z.object({ name: z.string(), value: z.string() })),
        secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })),
      }),
    )
    .parse(JSON.parse(String(task?.values["container_definitions"])));
};

// Development's is deployed and destroyed in test/pipeline/from-nothing.e2e.test.ts, with the chat on it.
describeWith("terraform")("the platform is applied, has nothing left to do, and is destroyed", () => {
  it("in production; the chat then plans on its outputs", async () => {
    const { outputs, resources } = await applied();

    const pool = resources.find(({ type }) => type === "aws_cognito_user_pool");
    expect(pool?.values["lambda_config"]).toEqual([]);
    const [hasura] = containersOf(resources);
    const variables = Object.fromEntries((hasura?.environment ?? []).map(({ name, value }) => [name, value]));
    expect(Number(variables["HASURA_GRAPHQL_PG_CONNECTIONS"])).toBeGreaterThanOrEqual(14);
    expect(JSON.parse(variables["HASURA_GRAPHQL_JWT_SECRET"] ?? "")).toMatchObject({
      type: "RS256",
      claims_format: "stringified_json",
    });
    const secrets = resources.filter(({ type }) => type === "aws_secretsmanager_secret_version");
    expect(secrets.map(({ values }) => values["secret_string"] ?? "")).toEqual(secrets.map(() => ""));

    passed(await check(chat(outputs), "--plan-only"));
  });
});
