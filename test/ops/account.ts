import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import {
  type Action,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import { type Outputs, parseOutputs } from "../../tools/ops/outputs.ts";
import type { Moto } from "../../tools/servers/moto.ts";
import { check, synthesised } from "../terraform/offline.ts";

export const AGENT = { AGENT_USERNAME: "agent", AGENT_PASSWORD: "Correct-Horse-1" };

/** The SDK's clients, configured by environment variables. */
export const clients = () => ({
  cloudwatch: new CloudWatchClient({ region: "us-east-1" }),
  cognito: new CognitoIdentityProviderClient({ region: "us-east-1" }),
  elb: new ElasticLoadBalancingV2Client({ region: "us-east-1" }),
  logs: new CloudWatchLogsClient({ region: "us-east-1" }),
  rds: new RDSClient({ region: "us-east-1" }),
  secrets: new SecretsManagerClient({ region: "us-east-1" }),
  s3: new S3Client({ region: "us-east-1" }),
});

/** The outputs that Terraform writes for development. */
export async function stackOutputs(): Promise<Outputs> {
  const synth = synthesised(development);
  const file = path.join(synth.out, "state.json");
  const { code, output } = await check(synth, "--state", file);
  if (code !== 0) throw new Error(output);
  const { outputs } = z
    .object({ values: z.object({ outputs: z.record(z.string(), z.object({ value: z.unknown() })) }) })
    .parse(JSON.parse(readFileSync(file, "utf8"))).values;
  rmSync(synth.out, { recursive: true });
  return parseOutputs(JSON.stringify(outputs), "development", file);
}

/** A user pool with its groups, the agent's client and account, and the secrets that hold them. */
export async function userPool({ sign_in }: Outputs) {
  const { cognito, secrets } = clients();
  const pool = await cognito.send(new CreateUserPoolCommand({ PoolName: "phenom" }));
  const UserPoolId = String(pool.UserPool?.Id);
  const app = await cognito.send(
    new CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: "phenom-dev-chat-agent",
      GenerateSecret: true,
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    }),
  );
  for (const GroupName of ["agent", "support", "admin", "partners"])
    await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
  const user = { UserPoolId, Username: AGENT.AGENT_USERNAME };
  await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
  await cognito.send(
    new AdminSetUserPasswordCommand({ ...user, Password: AGENT.AGENT_PASSWORD, Permanent: true }),
  );
  await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: "admin" }));
  const clientId = String(app.UserPoolClient?.ClientId);
  const secret = async (Name: string, value: object) =>
    String((await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }))).ARN);
  return {
    user_pool_id: UserPoolId,
    domain: sign_in.domain,
    clientId,
    clientsSecretArn: await secret("phenom-dev-development-chat-clients", {
      agent_client_id: clientId,
      agent_client_secret: app.UserPoolClient?.ClientSecret,
    }),
    agent_secret_arn: await secret("phenom-dev-chat-agent", AGENT),
  };
}

/** Target groups with a healthy target each, and the rules as the stack wants them. */
export async function loadBalancer(moto: Moto, { services, listener_rules }: Outputs) {
  const { elb } = clients();
  const { subnets, vpc } = await defaultNetwork(moto);
  const balancer = await elb.send(
    new CreateLoadBalancerCommand({ Name: "phenom-dev-alb", Subnets: subnets }),
  );
  const groups = new Map<string, string>();
  for (const { target_group = "" } of Object.values(services)) {
    const Name = target_group.split("/")[1] ?? "";
    const created = await elb.send(
      new CreateTargetGroupCommand({ Name, TargetType: "ip", Protocol: "HTTP", Port: 80, VpcId: vpc }),
    );
    const arn = String(created.TargetGroups?.[0]?.TargetGroupArn);
    groups.set(target_group, arn);
    await elb.send(
      new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: "10.0.1.23", Port: 80 }] }),
    );
  }
  const listener = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
    }),
  );
  const rules: Outputs["listener_rules"] = {};
  for (const [name, rule] of Object.entries(listener_rules)) {
    const target_group = rule.target_group && groups.get(rule.target_group);
    const created = await elb.send(
      new CreateRuleCommand({
        ListenerArn: listener.Listeners?.[0]?.ListenerArn,
        Priority: rule.priority,
        Conditions: [
          { Field: "host-header", HostHeaderConfig: { Values: [rule.host] } },
          { Field: "path-pattern", PathPatternConfig: { Values: rule.paths } },
        ],
        Actions: rule.actions.map((type, index) => action(type, index + 1, target_group)),
      }),
    );
    const arn = String(created.Rules?.[0]?.RuleArn);
    rules[name] = { ...rule, arn, ...(target_group && { target_group }) };
  }
  return {
    listener_rules: rules,
    services: Object.fromEntries(
      Object.entries(services).map(([part, service]) => [
        part,
        { ...service, target_group: groups.get(service.target_group ?? "") ?? "" },
      ]),
    ),
  };
}

/** An RDS instance with automatic backups. */
export async function databaseInstance() {
  const { DBInstance } = await clients().rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: "phenom-dev-db",
      DBInstanceClass: "db.t4g.micro",
      Engine: "postgres",
      AllocatedStorage: 20,
      MasterUsername: "phenom",
      MasterUserPassword: "not-a-real-one",
      BackupRetentionPeriod: 7,
    }),
  );
  return {
    identifier: "phenom-dev-db",
    host: String(DBInstance?.Endpoint?.Address),
    port: 5432,
  };
}

const action = (type: string, Order: number, TargetGroupArn: string | undefined): Action => {
  switch (type) {
    case "forward":
      return { Type: type, Order, TargetGroupArn };
    case "redirect":
      return { Type: type, Order, RedirectConfig: { Path: "/chat-admin/", StatusCode: "HTTP_301" } };
    case "authenticate-cognito":
      return {
        Type: type,
        Order,
        AuthenticateCognitoConfig: {
          UserPoolArn: "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI",
          UserPoolClientId: "admin",
          UserPoolDomain: "phenom-dev",
        },
      };
    default:
      throw new Error(`no action ${type} in these rules`);
  }
};

/** Moto comes with a default VPC, as an account does. */
async function defaultNetwork(moto: Moto): Promise<{ vpc: string; subnets: string[] }> {
  const response = await fetch(moto.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: "Action=DescribeSubnets&Version=2016-11-15",
  });
  const xml = await response.text();
  const all = (tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag}>([^<]+)</${tag}>`, "g"))].map(([, value = ""]) => value);
  return { vpc: all("vpcId")[0] ?? "", subnets: all("subnetId").slice(0, 2) };
}
