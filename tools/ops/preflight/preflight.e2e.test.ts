import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { UpdateUserPoolCommand } from "@aws-sdk/client-cognito-identity-provider";
import { CreateVpcCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DescribeListenersCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateBucketCommand, GetBucketPolicyCommand, GetPublicAccessBlockCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { production } from "../../../environments/production.ts";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { ops } from "../../../test/ops/command.ts";
import { testContext } from "../../../test/ops/context.ts";
import {
  certificate,
  forceTls,
  type Platform,
  type PlatformAccount,
  platformClients,
  secret,
  startPlatform,
} from "../../../test/ops/platform.ts";
import type { WebServices } from "../../../test/ops/web-services.ts";
import { AwsFault, type AwsServer } from "../../servers/aws-api.ts";
import type { Finding } from "../checks/check.ts";
import { Inputs } from "../inputs.ts";
import type { Subject } from "./check.ts";
import { preflightChecks } from "./index.ts";
import { subjectOf } from "./subject.ts";

describeWith("moto")("preflight", () => {
  let platform: Platform;
  let aws: AwsServer;
  let web: WebServices;
  let account: PlatformAccount;
  let subject: Subject;
  const ec2 = () => platformClients().ec2;

  beforeAll(async () => {
    platform = await startPlatform();
    ({ aws, web, account } = platform);
    concurrency(1000);
    const context = testContext();
    subject = await subjectOf(context, undefined);
  });
  afterAll(() => platform?.stop());
  beforeEach(() => {
    web.reset();
    aws.account = "123456789012";
    for (const answers of [aws.answers, aws.xml])
      for (const name of Object.keys(answers)) delete answers[name];
  });

  /** Moto lacks GetAccountSettings of Lambda, so this stands for it. */
  const concurrency = (limit: number) =>
    aws.objects.set(
      "2016-08-19/account-settings",
      JSON.stringify({
        AccountLimit: { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: limit },
      }),
    );

  /** What a check finds wrong, with other inputs and another environment, as `state: what: found`. */
  async function wrong(
    check: string,
    { environment, ...inputs }: Record<string, unknown> & { environment?: object } = {},
  ): Promise<string[]> {
    const findings = await preflightChecks
      .find(({ name }) => name === check)
      ?.run({
        ...subject,
        inputs: new Inputs({ ...account.inputs, ...inputs }, "TF_VAR_<name>"),
        environment: { ...subject.environment, ...environment },
      });
    const open = (findings ?? []).filter(({ state }) => state !== "passed" && state !== "later");
    // A finding without a remedy helps nobody.
    expect(open.filter(({ remedy }) => !remedy)).toEqual([]);
    return open.map(({ state, what, found }: Finding) => `${state}: ${what}: ${found}`);
  }
  const containing = (...parts: string[]) => parts.map((part) => expect.stringContaining(part));

  it("passes in an account that has everything, and changes nothing there", async () => {
    const { exitCode, stdout } = await ops(["preflight", "development"]);
    expect(stdout).toMatch(/\n\d+ ok, 0 failed, 0 unknown, 1 later\n$/);
    expect(stdout).toMatch(/later +platform +PostgreSQL connection +not tried, because .* db-setup/);
    expect(stdout).toMatch(/ok +load-balancer +certificate of chat-testing\.thephenom\.app/);
    expect(exitCode).toBe(0);
  });

  it("prints each failure with its remedy and without a secret, and exits with 1", async () => {
    web.dockerHubPassword = "another";
    const { exitCode, stdout, stderr } = await ops(["preflight", "development"]);
    expect(stdout).toMatch(
      /\nFAILED +docker-hub +image applepublicdotcom\/phenom-synapse +Docker Hub refuses/,
    );
    expect(stdout).toContain("image applepublicdotcom/phenom-synapse: Write a valid access token into");
    for (const value of ["a-docker-hub-token", "an-admin-secret", "Correct-Horse-1", "a-cloudflare-token"])
      expect(stdout + stderr).not.toContain(value);
    expect(exitCode).toBe(1);
  });

  it("exits with 77 when a right is missing, because nothing is known then", async () => {
    aws.answers["DescribeClusters"] = () => {
      throw new AwsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeClusters");
    };
    const { exitCode, json } = await ops(["preflight", "development", "--json"]);
    expect(json()).toMatchObject({ summary: { failed: 0, unknown: 1 } });
    expect(exitCode).toBe(77);
  });

  it("finds credentials of another account", async () => {
    aws.account = "210987654321";
    expect(await wrong("account")).toEqual(containing("is of account 210987654321"));
  });

  it("finds a state bucket that is missing, or keeps no versions", async () => {
    const state = (bucket: string) => ({ environment: { state: { ...development.state, bucket } } });
    expect(await wrong("account", state("nowhere"))).toEqual(
      containing("state bucket nowhere: does not exist"),
    );
    await platformClients().s3.send(new CreateBucketCommand({ Bucket: "without-versions" }));
    expect(await wrong("account", state("without-versions"))).toEqual(containing("keeps no versions"));
  });

  it("accepts the bucket that bootstrap-state makes, which refuses public access and requests without TLS", async () => {
    const { bucket, key, region } = production.state;
    const made = await ops(["bootstrap-state", "production", "--yes"]);
    expect([made.exitCode, made.stdout]).toEqual([0, `made ${bucket} in account 123456789012\n`]);
    expect(await wrong("account", { environment: { state: { bucket, key, region } } })).toEqual([]);
    const { s3 } = platformClients();
    const { PublicAccessBlockConfiguration } = await s3.send(
      new GetPublicAccessBlockCommand({ Bucket: bucket }),
    );
    expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true]);
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    expect(JSON.parse(Policy ?? "")).toMatchObject({
      Statement: [{ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }],
    });
    const again = await ops(["bootstrap-state", "production", "--yes"]);
    expect([again.exitCode, again.stdout]).toEqual([0, `protected ${bucket} in account 123456789012\n`]);
  });

  it("finds a permissions boundary that nobody made", async () => {
    expect(await wrong("account", { environment: { project: "phenom-new" } })).toEqual([
      "failed: permissions boundary of the roles: there is no policy arn:aws:iam::123456789012:policy/phenom-new-pipeline-boundary",
    ]);
  });

  it("finds what exists under a name of the stack, unless the state holds it or it is to be imported", async () => {
    const name = "/ecs/phenom-dev-synapse";
    await new CloudWatchLogsClient({ region: "us-east-1" }).send(
      new CreateLogGroupCommand({ logGroupName: name }),
    );
    expect(await wrong("names")).toEqual([
      "failed: names of the stack's resources: exist, and the state does not hold them: " +
        `aws_cloudwatch_log_group.chat_synapse_homeserver_task_log_group (${name})`,
    ]);
    const [type, resource] = ["aws_cloudwatch_log_group", "chat_synapse_homeserver_task_log_group"];
    const state = { resources: [{ mode: "managed", type, name: resource, instances: [{}] }] };
    aws.objects.set(`${development.state.bucket}/${development.state.key}`, JSON.stringify(state));
    expect(await wrong("names")).toEqual([]);
  });

  it("finds inputs that are missing or malformed, and image tags that nobody sets", async () => {
    const images = { ...development.images, mcp: { repository: "applepublicdotcom/phenom-chat-mcp" } };
    const found = await wrong("inputs", {
      vpc_id: undefined,
      rds_endpoint: "db.example.org:5432",
      rds_port: "postgres",
      environment: { images },
    });
    expect(found).toEqual(
      containing(
        "input vpc_id: is missing",
        'input rds_endpoint: is "db.example.org:5432", and must be a host name with a dot, without port',
        "input rds_port: is no number",
        "tag of applepublicdotcom/phenom-chat-mcp: is missing",
      ),
    );
  });

  it("leaves open what depends on an input that is missing", async () => {
    const found = await wrong("platform", { ecs_cluster_id: undefined });
    expect(found).toEqual(["skipped: ECS cluster: ecs_cluster_id is not known"]);
  });

  it("finds a VPC that is missing, or resolves no names", async () => {
    expect(await wrong("network", { vpc_id: "vpc-0a1b2c3d4e5f60718" })).toEqual(
      expect.arrayContaining(containing("vpc_id: there is no VPC vpc-0a1b2c3d4e5f60718")),
    );
    const { Vpc } = await ec2().send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
    const found = await wrong("network", { vpc_id: Vpc?.VpcId });
    expect(found).toEqual(
      expect.arrayContaining(
        containing("enableDnsHostnames is off", `private_subnet_ids: not in ${Vpc?.VpcId}`),
      ),
    );
    expect(found.filter((line) => line.includes("_security_group_id: "))).toHaveLength(3);
  });

  it("finds subnets that are missing, in one zone, public, or without a way out", async () => {
    const [subnet] = account.inputs["private_subnet_ids"] as string[];
    const subnets = (...ids: unknown[]) => wrong("network", { private_subnet_ids: ids });
    expect(await subnets(subnet, "subnet-0a1b2c3d")).toEqual(containing("private_subnet_ids: not all of"));
    expect(await subnets(subnet)).toEqual(containing("all in one zone, us-east-1a"));
    expect(await subnets(subnet, account.closedSubnet)).toEqual(containing("no way to the internet"));
    const { Subnets = [] } = await ec2().send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "cidr-block", Values: ["10.0.1.0/24"] }] }),
    );
    expect(await subnets(subnet, Subnets[0]?.SubnetId)).toEqual(containing("public: through an internet"));
  });

  it("finds a route to a NAT gateway that was deleted", async () => {
    aws.xml["DescribeRouteTables"] = () => `<DescribeRouteTablesResponse><routeTableSet><item>
      <associationSet><item><main>true</main></item></associationSet>
      <routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>
        <natGatewayId>nat-1</natGatewayId><state>blackhole</state></item></routeSet>
      </item></routeTableSet></DescribeRouteTablesResponse>`;
    expect(await wrong("network")).toEqual(containing("nat-1 is gone", "nat-1 is gone"));
  });

  it("finds a security group that does not exist", async () => {
    expect(await wrong("network", { rds_security_group_id: "sg-0a1b2c3d4e5f60733" })).toEqual(
      containing("rds_security_group_id: there is no security group sg-0a1b2c3d4e5f60733"),
    );
  });

  it("finds a listener that is missing or speaks HTTP, and inputs of another load balancer", async () => {
    const { elb } = platformClients();
    const { Listeners = [] } = await elb.send(
      new DescribeListenersCommand({ ListenerArns: [String(account.inputs["alb_listener_arn"])] }),
    );
    const http = await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: Listeners[0]?.LoadBalancerArn,
        Protocol: "HTTP",
        Port: 80,
        DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
      }),
    );
    const found = await wrong("load-balancer", { alb_listener_arn: http.Listeners?.[0]?.ListenerArn });
    expect(found).toEqual(containing("it speaks HTTP on port 80", "issued certificates are for: none"));
    const missing = `${account.inputs["alb_listener_arn"]}0`;
    expect(await wrong("load-balancer", { alb_listener_arn: missing })).toEqual(
      expect.arrayContaining(containing("there is no such listener")),
    );
    const other = {
      alb_arn_suffix: "app/another/50dc6c495c0c9188",
      alb_dns_name: "another.us-east-1.elb.amazonaws.com",
      alb_security_group_id: account.inputs["rds_security_group_id"],
      vpc_id: "vpc-0a1b2c3d4e5f60718",
    };
    const [differences] = await wrong("load-balancer", other);
    for (const name of Object.keys(other)) expect(differences).toContain(`${name} is `);
  });

  it("finds an internal load balancer, which Cloudflare can't reach", async () => {
    aws.xml["DescribeLoadBalancers"] = () => `<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>
      <LoadBalancers><member><Scheme>internal</Scheme></member></LoadBalancers>
      </DescribeLoadBalancersResult></DescribeLoadBalancersResponse>`;
    expect(await wrong("load-balancer")).toEqual(containing("it is internal, so Cloudflare can't reach it"));
  });

  it("finds a certificate of other names only", async () => {
    const { elb, acm } = platformClients();
    const arn = await certificate({ ...platformClients(), acm }, "*.example.org");
    const listener = await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: String(account.inputs["alb_listener_arn"])
          .replace(":listener/", ":loadbalancer/")
          .replace(/\/[^/]+$/, ""),
        Protocol: "HTTPS",
        Port: 8443,
        Certificates: [{ CertificateArn: arn }],
        DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
      }),
    );
    expect(await wrong("load-balancer", { alb_listener_arn: listener.Listeners?.[0]?.ListenerArn })).toEqual([
      "failed: certificate of chat-testing.thephenom.app: the listener's issued certificates are for: *.example.org",
    ]);
  });

  it("finds a priority that another host's rule holds, and accepts one of our own host", async () => {
    const rule = (Priority: number, host: string) =>
      platformClients().elb.send(
        new CreateRuleCommand({
          ListenerArn: String(account.inputs["alb_listener_arn"]),
          Priority,
          Conditions: [{ Field: "host-header", HostHeaderConfig: { Values: [host] } }],
          Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
        }),
      );
    await rule(201, "chat-testing.thephenom.app");
    expect(await wrong("load-balancer")).toEqual([]);
    await rule(200, "api.thephenom.app");
    expect(await wrong("load-balancer")).toEqual(
      containing("priority 200: taken by a rule for api.thephenom.app"),
    );
  });

  it("finds a listener whose quota of rules is used up", async () => {
    aws.xml["DescribeAccountLimits"] =
      () => `<DescribeAccountLimitsResponse><DescribeAccountLimitsResult><Limits>
      <member><Name>rules-per-application-load-balancer</Name><Max>4</Max></member>
      </Limits></DescribeAccountLimitsResult></DescribeAccountLimitsResponse>`;
    expect(await wrong("load-balancer")).toEqual(
      expect.arrayContaining(containing("5 with ours, and the quota is 4")),
    );
  });

  it("finds a cluster that is missing or has another name", async () => {
    const arn = `${account.inputs["ecs_cluster_id"]}`;
    expect(await wrong("platform", { ecs_cluster_id: `${arn}s` })).toEqual(containing("there is no cluster"));
    expect(await wrong("platform", { ecs_cluster_name: "other" })).toEqual(
      containing("ecs_cluster_name is other, and the cluster is phenom-dev-cluster"),
    );
  });

  it("finds a database that is missing, another one, too old, or without TLS", async () => {
    expect(await wrong("platform", { rds_instance_identifier: "nowhere" })).toEqual(
      containing("there is no instance nowhere"),
    );
    const [other] = await wrong("platform", {
      rds_endpoint: "other.example.org",
      rds_port: 5433,
      rds_security_group_id: account.inputs["alb_security_group_id"],
      vpc_id: "vpc-0a1b2c3d4e5f60718",
    });
    for (const name of ["rds_endpoint", "rds_port", "rds_security_group_id", "it lies in"])
      expect(other).toContain(name);
    await forceTls(platformClients(), "phenom-dev-postgres17", "0");
    expect(await wrong("platform")).toEqual(containing("rds.force_ssl is 0 in phenom-dev-postgres17"));
    await forceTls(platformClients(), "phenom-dev-postgres17", "1");
    aws.xml["DescribeDBInstances"] =
      () => `<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>
      <DBInstance><Engine>postgres</Engine><EngineVersion>16.9</EngineVersion>
      <DBInstanceStatus>modifying</DBInstanceStatus></DBInstance>
      </DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`;
    expect(await wrong("platform")).toEqual(
      containing("it is modifying", "PostgreSQL version: postgres 16.9", "names no parameter group"),
    );
  });

  it("finds a user pool that is missing, and inputs of another one", async () => {
    expect(await wrong("user-pool", { cognito_user_pool_id: "us-east-1_Nowhere" })).toEqual(
      containing("user pool: does not exist"),
    );
    const [differences] = await wrong("user-pool", {
      cognito_domain: "other",
      cognito_user_pool_arn: "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Other",
    });
    expect(differences).toContain("cognito_domain is other, the pool's phenom-dev");
    expect(differences).toContain("cognito_user_pool_arn is arn:");
  });

  it("finds groups that are missing, and an account of the agent that opens no tool", async () => {
    aws.answers["ListGroups"] = () => ({ Groups: [{ GroupName: "agent" }, { GroupName: "admin" }] });
    expect(await wrong("user-pool")).toEqual(
      containing("Cognito groups: missing: support, internal, partners"),
    );
    delete aws.answers["ListGroups"];
    aws.answers["AdminListGroupsForUser"] = () => ({ Groups: [{ GroupName: "internal" }] });
    expect(await wrong("user-pool")).toEqual(containing("agent is in none of agent, support, admin"));
    delete aws.answers["AdminListGroupsForUser"];
    const nobody = await secret(platformClients(), "nobody", {
      AGENT_USERNAME: "nobody",
      AGENT_PASSWORD: "p",
    });
    expect(await wrong("user-pool", { agent_secret_arn: nobody })).toEqual(
      containing("the pool has no user nobody"),
    );
  });

  it("finds a trigger that another function holds, and accepts our own", async () => {
    const attach = (name: string) => {
      const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
      return platformClients().cognito.send(
        new UpdateUserPoolCommand({
          UserPoolId: String(account.inputs["cognito_user_pool_id"]),
          LambdaConfig: {
            PostAuthentication: arn,
            PreTokenGenerationConfig: { LambdaArn: arn, LambdaVersion: "V2_0" },
          },
        }),
      );
    };
    await attach("audit");
    expect(await wrong("user-pool")).toEqual(
      containing("post-authentication trigger: held by", "pre-token-generation trigger: held by"),
    );
    await attach("phenom-dev-chat-user-provisioner");
    expect(await wrong("user-pool")).toEqual([]);
  });

  it("finds secrets that are missing, lack a key, are empty or are no object", async () => {
    const clients = platformClients();
    const found = await wrong("secrets", {
      rds_master_secret_arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:nowhere-AbCdEf",
      hasura_admin_secret_arn: await secret(clients, "empty", " "),
      agent_secret_arn: await secret(clients, "half", { AGENT_USERNAME: "agent" }),
      dockerhub_credentials_arn: await secret(clients, "text", "user:password"),
    });
    expect(found).toEqual(
      containing(
        "rds_master_secret_arn: the secret arn:aws:secretsmanager:us-east-1:123456789012:secret:nowhere-AbCdEf does not exist",
        "is empty",
        "lacks AGENT_PASSWORD",
        "is no JSON object of texts",
      ),
    );
  });

  it("finds images that are not there, not for linux/amd64, or not ours to pull", async () => {
    web.tags["curlimages/curl"] = [];
    expect(await wrong("docker-hub")).toEqual(containing("image curlimages/curl: there is no tag 8.17.0"));
    web.reset();
    web.architectures = ["arm64"];
    expect(await wrong("docker-hub")).toHaveLength(5);
    web.reset();
    web.dockerHubPassword = "another";
    expect(await wrong("docker-hub")).toEqual(containing(...Array(5).fill("refuses the credentials: 401")));
  });

  it("finds a zone of another name, one that is not active, and a token that may not edit it", async () => {
    web.zone = { name: "example.org", status: "active" };
    expect(await wrong("cloudflare")).toEqual(containing("the zone is example.org"));
    web.zone = { name: "thephenom.app", status: "pending" };
    expect(await wrong("cloudflare")).toEqual(containing("thephenom.app is pending"));
    web.zone = { name: "thephenom.app", status: "active", permissions: ["#zone:read"] };
    expect(await wrong("cloudflare")).toEqual(containing("the token may not edit the DNS of thephenom.app"));
  });

  it("finds a name that points elsewhere, and accepts a record of our load balancer", async () => {
    web.records = [{ type: "CNAME", content: String(account.inputs["alb_dns_name"]), proxied: true }];
    expect(await wrong("cloudflare")).toEqual([]);
    web.records = [{ type: "A", content: "203.0.113.7", proxied: false }];
    expect(await wrong("cloudflare")).toEqual(containing("taken: A 203.0.113.7"));
  });

  it("knows nothing of the zone without a token, or with a wrong one", async () => {
    const token = process.env.CLOUDFLARE_API_TOKEN;
    delete process.env.CLOUDFLARE_API_TOKEN;
    const without = await wrong("cloudflare");
    process.env.CLOUDFLARE_API_TOKEN = "wrong";
    const refused = await wrong("cloudflare");
    process.env.CLOUDFLARE_API_TOKEN = token;
    expect(without).toEqual(containing("skipped: Cloudflare zone: CLOUDFLARE_API_TOKEN", "skipped: name"));
    expect(refused).toEqual(
      containing("Cloudflare answers 403: Invalid access token", "Cloudflare answers 403"),
    );
  });

  it("finds too little concurrency of Lambda, and no Elastic IP for a NAT gateway", async () => {
    concurrency(10);
    expect(await wrong("quotas", { user_provisioner_concurrency: 20 })).toEqual(
      containing("10 of 10 unreserved; 20 more are to be reserved, and Lambda keeps 100 unreserved"),
    );
    concurrency(1000);
    const { Vpc } = await ec2().send(new CreateVpcCommand({ CidrBlock: "10.8.0.0/16" }));
    aws.xml["DescribeAddresses"] = () =>
      `<DescribeAddressesResponse><addressesSet>${"<item/>".repeat(5)}</addressesSet></DescribeAddressesResponse>`;
    expect(await wrong("quotas", { vpc_id: Vpc?.VpcId })).toEqual(
      containing("5 of 5 in use, and the VPC has no NAT gateway yet"),
    );
  });
});
