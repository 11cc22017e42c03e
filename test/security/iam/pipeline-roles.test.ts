import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { production } from "../../../environments/production.ts";
import { boundary, boundaryArn } from "../../../stacks/pipeline/boundary.ts";
import { applies, isAllowed } from "../../../tools/terraform-offline/iam/evaluator.ts";
import { moreNeeds } from "./more-needs.ts";
import { ACCOUNT, arn, type Need, recordedNeeds } from "./needs.ts";
import { impossible } from "./reference.ts";
import { pipelineRoles } from "./roles.ts";

/** IAM's prefixes of the services that `npm run ops` calls, by the package of their client. */
const services: Readonly<Record<string, string>> = {
  cloudwatch: "cloudwatch",
  "cloudwatch-logs": "logs",
  "cognito-identity-provider": "cognito-idp",
  ecs: "ecs",
  "elastic-load-balancing-v2": "elasticloadbalancing",
  lambda: "lambda",
  rds: "rds",
  s3: "s3",
  "secrets-manager": "secretsmanager",
  sts: "sts",
};
/** Calls that take no right, and those of `create-user`, which people run with their own. */
const withoutRights = /^sts:GetCallerIdentity$|^cognito-idp:/;

/** What people run with their own rights: before there are roles, or once when they adopt an environment. */
const ownRights = /(?:^|\/)(?:preflight|adopt|adopted|bootstrap-state)\b/;

/** Actions of the AWS calls of `npm run ops` that the pipeline makes. */
const opsCalls = (): string[] =>
  readdirSync("tools/ops", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !ownRights.test(file))
    .map((file) => readFileSync(path.join("tools/ops", file), "utf8"))
    .flatMap((source) =>
      [...source.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-([\w-]+)"/g)].flatMap(
        ([, names = "", client = ""]) =>
          [...names.matchAll(/\b(?:paginate(\w+)|(\w+)Command)\b/g)].map(([, paginated, sent]) =>
            `${services[client] ?? client}:${paginated ?? sent}`.replace(
              /^lambda:Invoke$/,
              "lambda:InvokeFunction",
            ),
          ),
      ),
    );

const text = ({ action, resource, context, because }: Need) =>
  `${action} on ${resource} ${JSON.stringify(context)} (${because})`;

/** Rights without which a first apply, or a later one, stops in the middle. */
const rightsThatWereMissing = [
  "kms:TagResource",
  "kms:PutKeyPolicy",
  "kms:EnableKeyRotation",
  "servicediscovery:TagResource",
  "servicediscovery:UntagResource",
  "cloudwatch:PutMetricAlarm",
  "cloudwatch:DeleteAlarms",
  "sns:Unsubscribe",
  "sns:SetSubscriptionAttributes",
  "backup:DeleteRecoveryPoint",
  "backup:DescribeRecoveryPoint",
  "ec2:ModifyNetworkInterfaceAttribute",
  "ec2:CreateTags",
  "elasticfilesystem:TagResource",
  "kms:CreateGrant",
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:GenerateDataKey",
  "kms:RetireGrant",
  "iam:CreateServiceLinkedRole",
  "secretsmanager:ListSecretVersionIds",
];

/** The needs of these were recorded. Other environments get their rights from the same code. */
const recorded = [development, production];

describe.each(recorded)("the pipeline's roles in $environment", (data) => {
  const { environment, props, toPlan, toDeploy, deployNeeds } = pipelineRoles(data);
  const refused = (statements: typeof toDeploy, needs: readonly Need[]) =>
    needs.filter((need) => !isAllowed({ statements }, need)).map(text);

  it("let the deploying role do whatever a first apply, a change and a destroy ask for", () => {
    expect(deployNeeds.length).toBeGreaterThan(500);
    expect(refused(toDeploy, deployNeeds)).toEqual([]);
  });

  it("know every call of npm run ops", () => {
    const calls = opsCalls().filter((call) => !withoutRights.test(call));
    expect(calls.length).toBeGreaterThan(10);
    const known = moreNeeds(environment).map(({ action }) => action);
    expect([...new Set(calls)].filter((call) => !known.includes(call))).toEqual([]);
  });

  it("let the planning role do whatever a plan asks for, except taking the state's lock", () => {
    const needs = [
      ...recordedNeeds(environment, "plan", "second plan").filter(
        ({ resource }) => !resource.endsWith(".tflock"),
      ),
      ...moreNeeds(environment).filter(({ because }) => because === "a newer provider's reading"),
    ];
    expect(refused(toPlan, needs)).toEqual([]);
  });

  it("let the planning role read no secret's value, and write nothing", () => {
    const { project } = environment;
    for (const name of [
      `${project}-${environment.environment}-chat-synapse-signing-key-AbCdEf`,
      `${project}-${environment.environment}-chat-clients-AbCdEf`,
      `${project}-chat-agent-AbCdEf`,
      "rds!db-1-AbCdEf",
    ]) {
      const request = {
        action: "secretsmanager:GetSecretValue",
        resource: arn("secretsmanager", `secret:${name}`),
      };
      expect([name, isAllowed({ statements: toPlan }, request)]).toEqual([name, false]);
    }
    for (const action of toPlan.flatMap(({ Action }) => [Action].flat()))
      expect(action).toMatch(/:(?:Describe|Get|List|GET$|View)/);
  });

  it.each(rightsThatWereMissing)("would not suffice without %s", (right) => {
    const without = toDeploy.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat().filter((action) => action !== right),
    }));
    const needs = deployNeeds.filter(({ action }) => action === right);
    // Production keeps its backups, so there the two rights are neither given nor needed.
    if (environment.production && right.endsWith("RecoveryPoint")) expect(needs).toEqual([]);
    else expect(refused(without, needs)).not.toEqual([]);
  });

  it("consist of actions that exist, on resources and under conditions that they take", () => {
    expect([...toDeploy, ...boundary(props)].flatMap(impossible)).toEqual([]);
  });

  it("let the deploying role make roles and write their policies only within the permissions boundary", () => {
    const role = `arn:aws:iam::${ACCOUNT}:role/${environment.project}-chat-mcp-task`;
    const may = (action: string, context: Need["context"] = {}) =>
      isAllowed({ statements: toDeploy }, { action, resource: role, context });
    for (const action of ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]) {
      expect([action, may(action, { "iam:PermissionsBoundary": boundaryArn(props) })]).toEqual([
        action,
        true,
      ]);
      expect([
        action,
        may(action, { "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
      ]).toEqual([action, false]);
      expect([action, may(action)]).toEqual([action, false]);
    }
    expect(may("iam:DeleteRolePermissionsBoundary", { "iam:PermissionsBoundary": boundaryArn(props) })).toBe(
      false,
    );
  });

  it("have no right that nothing needs", () => {
    const unneeded = toDeploy.flatMap((statement) =>
      [statement.Action]
        .flat()
        .filter((Action) => !deployNeeds.some((need) => applies({ ...statement, Action }, need)))
        .map((action) => `${statement.Sid}: ${action}`),
    );
    expect(unneeded).toEqual([]);
  });
});
