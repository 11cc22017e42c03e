import { describe, expect, it } from "@jest/globals";
import type { PolicyStatement } from "../../constructs/iam-policy.ts";
import { environments } from "../../environments/index.ts";
import { inputsSource } from "../../environments/stack-names.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { matches } from "../../tools/terraform-offline/iam/evaluator.ts";
import { deployRights } from "./deploy-rights.ts";
import { planRights } from "./plan-rights.ts";

const ACCOUNT = "123456789012";
/** Characters that IAM allows in a managed policy, white space not counted. */
const POLICY_LIMIT = 6144;

const list = (value: string | readonly string[] | undefined) => [value ?? []].flat();
/** Whether a statement allows an action on a resource, its conditions taken as met. */
const allows =
  (action: string, resource: string) =>
  ({ Action, Resource }: PolicyStatement) =>
    list(Action).some((pattern) => matches(pattern, action)) &&
    list(Resource).some((pattern) => matches(pattern, resource));

const regional = (service: string, resource: string) => `arn:aws:${service}:us-east-1:${ACCOUNT}:${resource}`;

const of = ({
  project,
  environment,
  region,
  production,
  state,
  inputs: data,
  pipeline,
}: (typeof environments)[number]) => {
  const inputs = inputsSource({ environment, inputs: data, state });
  const platformState = inputs.from === "remote-state" ? inputs : undefined;
  const props = {
    project,
    environment,
    region,
    accountId: ACCOUNT,
    production,
    platformSecrets: [...(pipeline?.platformSecrets ?? [])],
    state,
    platformState,
  };
  return { ...planRights(props), ...deployRights(props) };
};

describe.each(environments)("the deploying role of $environment", (data) => {
  const all = Object.values(of(data)).flat();

  it("may change neither the pipeline's own roles and policies nor those of others", () => {
    for (const name of ["pipeline-plan", "pipeline-deploy", "hasura", "anything"])
      for (const action of [
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRole",
        "iam:PassRole",
      ])
        expect(all.some(allows(action, `arn:aws:iam::${ACCOUNT}:role/${data.project}-${name}`))).toBe(false);
    for (const action of [
      "iam:CreatePolicyVersion",
      "iam:AttachRolePolicy",
      "iam:CreateUser",
      "iam:CreateAccessKey",
    ])
      expect([action, all.some(allows(action, `arn:aws:iam::${ACCOUNT}:policy/x`))]).toEqual([action, false]);
  });

  it("makes no role without the permissions boundary, and takes it from none", () => {
    const rights = all
      .filter(({ Sid }) => Sid !== "RolesWithinBoundary")
      .flatMap(({ Action }) => list(Action));
    for (const action of [
      "iam:CreateRole",
      "iam:PutRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:UpdateAssumeRolePolicy",
      "iam:DeleteRolePermissionsBoundary",
      "iam:AttachRolePolicy",
    ])
      expect([action, rights.includes(action)]).toEqual([action, false]);
  });

  it("may neither read nor write another environment's state and secrets", () => {
    const other = environments.find(({ project }) => project !== data.project);
    const foreign = [
      `arn:aws:s3:::${other?.state.bucket}/${other?.state.key}`,
      regional("secretsmanager", `secret:${other?.project}-${other?.environment}-chat-clients-AbCdEf`),
    ];
    for (const resource of foreign)
      for (const action of ["s3:GetObject", "s3:PutObject", "secretsmanager:GetSecretValue"])
        expect([`${action} ${resource}`, all.some(allows(action, resource))]).toEqual([
          `${action} ${resource}`,
          false,
        ]);
  });

  it("may run the one-shot tasks of this project and no others", () => {
    const task = (family: string) => regional("ecs", `task-definition/${data.project}-${family}:7`);
    expect(all.some(allows("ecs:RunTask", task("chat-migration")))).toBe(true);
    expect(all.some(allows("ecs:RunTask", task("synapse-db-setup")))).toBe(true);
    expect(all.some(allows("ecs:RunTask", task("graphql")))).toBe(false);
  });
});

describe.each(environments)("the rights of the pipeline in $environment", (data) => {
  const policies = of(data);

  it("name every writing action, and its resource wherever IAM takes one", () => {
    const { read, ...writing } = policies;
    const everywhere = Object.values(writing)
      .flat()
      .filter(({ Resource, Condition }) => list(Resource).includes("*") && !Condition)
      .flatMap(({ Action }) => list(Action));
    expect(everywhere).toEqual([
      "ecs:RegisterTaskDefinition",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "cloudwatch:PutCompositeAlarm",
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
      "servicediscovery:UntagResource",
      "route53:CreateHostedZone",
      "backup-storage:MountCapsule",
    ]);
    for (const { Action } of Object.values(writing).flat())
      for (const action of list(Action)) expect(action).not.toContain("*");
    for (const action of read.flatMap(({ Action }) => list(Action)))
      expect(action).toMatch(/:(?:Describe|Get|List|GET$|View)/);
  });

  it("let the planning role change nothing", () => {
    const actions = [...policies.read, ...policies.readState].flatMap(({ Action }) => list(Action));
    for (const action of actions) expect(action).toMatch(/:(?:Describe|Get|List|GET$|View)/);
  });

  it("fit into IAM's policy size, with unique statement ids", () => {
    for (const [name, statements] of Object.entries<readonly PolicyStatement[]>({ ...policies })) {
      withMessage(name, () =>
        expect(JSON.stringify({ Version: "2012-10-17", Statement: statements }).length).toBeLessThan(
          POLICY_LIMIT,
        ),
      );
      const sids = statements.map(({ Sid }) => Sid);
      expect(new Set(sids).size).toBe(sids.length);
      for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
    }
  });
});
