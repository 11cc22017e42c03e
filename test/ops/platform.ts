import { ACMClient, RequestCertificateCommand } from "@aws-sdk/client-acm";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  CreateUserPoolCommand,
  CreateUserPoolDomainCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from "@aws-sdk/client-ec2";
import { CreateClusterCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreatePolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSubnetGroupCommand,
  ModifyDBParameterGroupCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { development } from "../../environments/development.ts";
import { boundaryName } from "../../stacks/pipeline/boundary.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws-api.ts";
import { startMoto } from "../../tools/servers/moto.ts";
import { environmentVariables } from "../../tools/terraform/variables.ts";
import { credentials } from "./command.ts";
import { startWebServices, type WebServices } from "./web-services.ts";

const region = { region: "us-east-1" };

/** The SDK's clients, configured by environment variables. */
export const platformClients = () => ({
  acm: new ACMClient(region),
  cognito: new CognitoIdentityProviderClient(region),
  ec2: new EC2Client(region),
  ecs: new ECSClient(region),
  elb: new ElasticLoadBalancingV2Client(region),
  iam: new IAMClient(region),
  rds: new RDSClient(region),
  s3: new S3Client(region),
  secrets: new SecretsManagerClient(region),
});
type Clients = ReturnType<typeof platformClients>;

/** Values of all inputs, and what else of the account a test changes. */
export interface PlatformAccount {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly publicSubnet: string;
  /** A subnet whose route table has no default route. */
  readonly closedSubnet: string;
  readonly internetGateway: string;
}

/** An emulated account with its platform, and what stands for Docker Hub and Cloudflare. */
export interface Platform {
  readonly aws: AwsServer;
  readonly web: WebServices;
  readonly account: PlatformAccount;
  stop(): Promise<void>;
}

/** Starts the platform. Until it stops, this process's variables lead `ops` to it, with every input. */
export async function startPlatform(): Promise<Platform> {
  const moto = await startMoto({ MOTO_ACM_VALIDATION_WAIT: "0" });
  const aws = await startAws(moto.url);
  const restore = credentials(aws);
  const web = await startWebServices();
  const account = await platformAccount();
  Object.assign(process.env, environmentVariables(account.inputs));
  return {
    aws,
    web,
    account,
    async stop() {
      restore();
      await Promise.all([web.stop(), aws.stop(), moto.stop()]);
    },
  };
}

/** Makes what an environment takes as given (the inputs) in an empty account of moto. */
async function platformAccount(): Promise<PlatformAccount> {
  const clients = platformClients();
  const network = await networkOf(clients);
  const groups = await securityGroups(clients, network.vpc);
  await stateBucket(clients);
  await clients.iam.send(
    new CreatePolicyCommand({
      PolicyName: boundaryName(development.project),
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" }],
      }),
    }),
  );
  return {
    ...network,
    inputs: {
      vpc_id: network.vpc,
      private_subnet_ids: network.subnets,
      alb_security_group_id: groups.alb,
      ecs_tasks_security_group_id: groups.tasks,
      rds_security_group_id: groups.rds,
      ...(await cluster(clients)),
      ...(await loadBalancer(clients, network, groups.alb)),
      ...(await database(clients, network, groups.rds)),
      ...(await userPool(clients)),
      ...(await secrets(clients)),
      hasura_endpoint: "http://hasura.phenom-dev.internal:8080/v1/graphql",
      hasura_public_path: "/api/graphql",
      hasura_target_group_arn_suffix: "targetgroup/phenom-dev-graphql-tg/6d0ecf831eec9f09",
      cloudflare_zone_id: "0123456789abcdef0123456789abcdef",
      alarm_emails: ["on-call@example.org"],
      content_endpoint: "",
      content_query: "query Phenom($id: String!) { content: phenoms_by_pk(id: $id) { title } }",
    },
  };
}

async function networkOf({ ec2 }: Clients) {
  const created = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = String(created.Vpc?.VpcId);
  for (const attribute of [{ EnableDnsSupport: { Value: true } }, { EnableDnsHostnames: { Value: true } }])
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, ...attribute }));
  const subnet = async (CidrBlock: string, AvailabilityZone: string) => {
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
    return String(Subnet?.SubnetId);
  };
  const publicSubnet = await subnet("10.0.0.0/24", "us-east-1a");
  const secondPublic = await subnet("10.0.1.0/24", "us-east-1b");
  const subnets = [await subnet("10.0.10.0/24", "us-east-1a"), await subnet("10.0.11.0/24", "us-east-1b")];
  const closedSubnet = await subnet("10.0.20.0/24", "us-east-1c");
  const gateway = await ec2.send(new CreateInternetGatewayCommand({}));
  const internetGateway = String(gateway.InternetGateway?.InternetGatewayId);
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: internetGateway }));
  const { AllocationId = "" } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  const { NatGateway } = await ec2.send(
    new CreateNatGatewayCommand({ SubnetId: publicSubnet, AllocationId }),
  );
  const routed = async (target: object, ids: readonly string[]) => {
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
    const RouteTableId = RouteTable?.RouteTableId;
    await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", ...target }));
    for (const SubnetId of ids) await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  };
  await routed({ GatewayId: internetGateway }, [publicSubnet, secondPublic]);
  await routed({ NatGatewayId: NatGateway?.NatGatewayId }, subnets);
  return {
    vpc: VpcId,
    subnets,
    publicSubnets: [publicSubnet, secondPublic],
    publicSubnet,
    closedSubnet,
    internetGateway,
  };
}
type Network = Awaited<ReturnType<typeof networkOf>>;

async function securityGroups({ ec2 }: Clients, VpcId: string) {
  const group = async (name: string) => {
    const GroupName = `phenom-dev-${name}`;
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName, Description: `Group ${name} of the platform` }),
    );
    return String(GroupId);
  };
  return { alb: await group("alb"), tasks: await group("ecs-tasks"), rds: await group("rds") };
}

async function cluster({ ecs }: Clients) {
  const created = await ecs.send(new CreateClusterCommand({ clusterName: "phenom-dev-cluster" }));
  return { ecs_cluster_id: created.cluster?.clusterArn, ecs_cluster_name: "phenom-dev-cluster" };
}

/** A certificate that ACM has issued. */
export async function certificate({ acm }: Clients, name: string): Promise<string> {
  const { CertificateArn } = await acm.send(
    new RequestCertificateCommand({ DomainName: name, ValidationMethod: "DNS" }),
  );
  return String(CertificateArn);
}

async function loadBalancer(clients: Clients, { publicSubnets }: Network, group: string) {
  const { LoadBalancers } = await clients.elb.send(
    new CreateLoadBalancerCommand({
      Name: "phenom-dev-alb",
      Scheme: "internet-facing",
      Subnets: [...publicSubnets],
      SecurityGroups: [group],
    }),
  );
  const [balancer] = LoadBalancers ?? [];
  const listener = await clients.elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn,
      Protocol: "HTTPS",
      Port: 443,
      Certificates: [{ CertificateArn: await certificate(clients, "*.thephenom.app") }],
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
    }),
  );
  return {
    alb_listener_arn: listener.Listeners?.[0]?.ListenerArn,
    alb_arn_suffix: balancer?.LoadBalancerArn?.split("loadbalancer/")[1],
    alb_dns_name: balancer?.DNSName,
  };
}

async function database({ rds }: Clients, { subnets }: Network, group: string) {
  await rds.send(
    new CreateDBSubnetGroupCommand({
      DBSubnetGroupName: "phenom-dev",
      DBSubnetGroupDescription: "Database of the platform",
      SubnetIds: [...subnets],
    }),
  );
  const DBParameterGroupName = "phenom-dev-postgres17";
  await rds.send(
    new CreateDBParameterGroupCommand({
      DBParameterGroupName,
      DBParameterGroupFamily: "postgres17",
      Description: "Parameters of the platform's database",
    }),
  );
  await forceTls({ rds }, DBParameterGroupName, "1");
  const { DBInstance } = await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: "phenom-dev-db",
      DBInstanceClass: "db.m5.large",
      Engine: "postgres",
      EngineVersion: "17.4",
      AllocatedStorage: 20,
      MasterUsername: "phenom",
      MasterUserPassword: "not-a-real-one",
      BackupRetentionPeriod: 7,
      DBSubnetGroupName: "phenom-dev",
      DBParameterGroupName,
      VpcSecurityGroupIds: [group],
    }),
  );
  return {
    rds_endpoint: DBInstance?.Endpoint?.Address,
    rds_port: DBInstance?.Endpoint?.Port,
    rds_instance_identifier: "phenom-dev-db",
    rds_database: "phenom",
  };
}

/** Sets whether PostgreSQL accepts only TLS. */
export const forceTls = (
  { rds }: Pick<Clients, "rds">,
  DBParameterGroupName: string,
  ParameterValue: string,
) =>
  rds.send(
    new ModifyDBParameterGroupCommand({
      DBParameterGroupName,
      Parameters: [{ ParameterName: "rds.force_ssl", ParameterValue, ApplyMethod: "immediate" }],
    }),
  );

async function userPool({ cognito }: Clients) {
  const { UserPool } = await cognito.send(new CreateUserPoolCommand({ PoolName: "phenom-dev" }));
  const UserPoolId = String(UserPool?.Id);
  await cognito.send(new CreateUserPoolDomainCommand({ UserPoolId, Domain: "phenom-dev" }));
  for (const GroupName of ["internal", "partners", "agent", "support", "admin"])
    await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
  await cognito.send(
    new AdminCreateUserCommand({ UserPoolId, Username: "agent", MessageAction: "SUPPRESS" }),
  );
  await cognito.send(new AdminAddUserToGroupCommand({ UserPoolId, Username: "agent", GroupName: "agent" }));
  return {
    cognito_user_pool_id: UserPoolId,
    cognito_user_pool_arn: UserPool?.Arn,
    cognito_domain: "phenom-dev",
  };
}

/** @returns the ARN of a new secret */
export async function secret({ secrets }: Pick<Clients, "secrets">, Name: string, value: object | string) {
  const SecretString = typeof value === "string" ? value : JSON.stringify(value);
  return String((await secrets.send(new CreateSecretCommand({ Name, SecretString }))).ARN);
}

const secrets = async (clients: Clients) => ({
  rds_master_secret_arn: await secret(clients, "phenom-dev-rds", { username: "phenom", password: "p" }),
  hasura_admin_secret_arn: await secret(clients, "phenom-dev-hasura-admin", "an-admin-secret"),
  agent_secret_arn: await secret(clients, "phenom-dev-chat-agent", {
    AGENT_USERNAME: "agent",
    AGENT_PASSWORD: "Correct-Horse-1",
  }),
  dockerhub_credentials_arn: await secret(clients, "phenom-dev-dockerhub", {
    username: "applepublicdotcom",
    password: "a-docker-hub-token",
  }),
});

async function stateBucket({ s3 }: Clients): Promise<void> {
  const { bucket: Bucket } = development.state;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
}
