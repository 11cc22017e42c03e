import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { BackupClient, CreateBackupPlanCommand, CreateBackupVaultCommand } from "@aws-sdk/client-backup";
import {
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  CreateMountTargetCommand,
  EFSClient,
  PutFileSystemPolicyCommand,
} from "@aws-sdk/client-efs";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreatePrivateDnsNamespaceCommand,
  CreateServiceCommand,
  ListNamespacesCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { zipSync } from "fflate";
import * as z from "zod";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { ops } from "../../../test/ops/command.ts";
import { type Platform, platformClients, startPlatform } from "../../../test/ops/platform.ts";

const region = { region: "us-east-1" };
const resources = z.object({
  resources: z.array(z.object({ address: z.string(), state: z.string(), id: z.string().optional() })),
});

/** What an earlier apply of this stack has made, and the source never had. */
describeWith("moto")("adopt finds in an account", () => {
  let platform: Platform;
  /** Import ids by address, as the emulator gave them out. */
  const expected: Record<string, string> = {};
  let found: Record<string, string | undefined>;
  let unknown: string[];

  beforeAll(async () => {
    platform = await startPlatform();
    await linkPreview();
    await media();
    await discovery();
    await alarms();
    const { json } = await ops(["adopt", "development", "--json", "--dry-run"]);
    const all = resources.parse(json()).resources;
    found = Object.fromEntries(
      all.flatMap(({ address, state, id }) => (state === "found" ? [[address, id]] : [])),
    );
    unknown = all.filter(({ state }) => state === "unknown").map(({ address }) => address);
  }, 300_000);
  afterAll(() => platform?.stop());

  it.each([
    ["the link preview's function with its permission, and the HTTP API before it", "chat_link_preview"],
    ["the media's file system with its parts, and its backups", "chat_synapse_media"],
    ["the namespace and the homeserver's name in it", "chat_synapse_(namespace|discovery)"],
    ["the alarms' topic with its policy, key alias and confirmed address", "monitoring_alarm_topic"],
  ])("%s", (_, names) => {
    const ofPart = Object.entries(expected).filter(([address]) => new RegExp(`\\.${names}`).test(address));
    expect(ofPart.length).toBeGreaterThan(1);
    expect(found).toMatchObject(Object.fromEntries(ofPart));
  });

  it("nothing that it could not look at, and nothing that nobody made", () => {
    expect(unknown).toEqual([]);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  });

  async function linkPreview() {
    const [lambda, apis, name] = [
      new LambdaClient(region),
      new ApiGatewayV2Client(region),
      "phenom-dev-link-preview",
    ];
    const { Role } = await platformClients().iam.send(
      new CreateRoleCommand({ RoleName: `${name}-lambda`, AssumeRolePolicyDocument: "{}" }),
    );
    expected["aws_iam_role.chat_link_preview_function_role"] = `${name}-lambda`;
    const { FunctionArn } = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Role: Role?.Arn,
        Code: { ZipFile: zipSync({ "index.mjs": new Uint8Array(1) }) },
      }),
    );
    expected["aws_lambda_function.chat_link_preview_function"] = name;
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: "http-api",
        Action: "lambda:InvokeFunction",
        Principal: "apigateway.amazonaws.com",
      }),
    );
    expected["aws_lambda_permission.chat_link_preview_permission"] = `${name}/http-api`;
    const { ApiId } = await apis.send(new CreateApiCommand({ Name: name, ProtocolType: "HTTP" }));
    expected["aws_apigatewayv2_api.chat_link_preview_api"] = `${ApiId}`;
    const { IntegrationId } = await apis.send(
      new CreateIntegrationCommand({
        ApiId,
        IntegrationType: "AWS_PROXY",
        IntegrationUri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${FunctionArn}/invocations`,
      }),
    );
    expected["aws_apigatewayv2_integration.chat_link_preview_integration"] = `${ApiId}/${IntegrationId}`;
    const { RouteId } = await apis.send(new CreateRouteCommand({ ApiId, RouteKey: "POST /" }));
    expected["aws_apigatewayv2_route.chat_link_preview_route"] = `${ApiId}/${RouteId}`;
    await apis.send(new CreateStageCommand({ ApiId, StageName: "$default" }));
    expected["aws_apigatewayv2_stage.chat_link_preview_stage"] = `${ApiId}/$default`;
  }

  async function media() {
    const [efs, backup, name] = [new EFSClient(region), new BackupClient(region), "phenom-dev-synapse-media"];
    const { FileSystemId } = await efs.send(new CreateFileSystemCommand({ CreationToken: name }));
    expected["aws_efs_file_system.chat_synapse_media"] = `${FileSystemId}`;
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await efs.send(new PutFileSystemPolicyCommand({ FileSystemId, Policy }));
    expected["aws_efs_file_system_policy.chat_synapse_media_policy"] = `${FileSystemId}`;
    const [SubnetId] = platform.account.inputs["private_subnet_ids"] as string[];
    const { MountTargetId } = await efs.send(new CreateMountTargetCommand({ FileSystemId, SubnetId }));
    expected['aws_efs_mount_target.chat_synapse_media_mount_target["us-east-1a"]'] = `${MountTargetId}`;
    const { AccessPointId } = await efs.send(
      new CreateAccessPointCommand({
        FileSystemId,
        ClientToken: name,
        PosixUser: { Uid: 991, Gid: 991 },
        RootDirectory: { Path: "/synapse-media" },
      }),
    );
    expected["aws_efs_access_point.chat_synapse_media_access_point"] = `${AccessPointId}`;
    await backup.send(new CreateBackupVaultCommand({ BackupVaultName: name }));
    expected["aws_backup_vault.chat_synapse_media_backup_vault"] = name;
    const { BackupPlanId } = await backup.send(
      new CreateBackupPlanCommand({
        BackupPlan: { BackupPlanName: name, Rules: [{ RuleName: "nightly", TargetBackupVaultName: name }] },
      }),
    );
    expected["aws_backup_plan.chat_synapse_media_backup_plan"] = `${BackupPlanId}`;
    // Moto lacks selections, so this stands for them.
    platform.aws.objects.set(
      `backup/plans/${BackupPlanId}/selections`,
      JSON.stringify({ BackupSelectionsList: [{ SelectionId: "s-1", SelectionName: name }] }),
    );
    expected["aws_backup_selection.chat_synapse_media_backup_selection"] = `${BackupPlanId}|s-1`;
  }

  async function discovery() {
    const client = new ServiceDiscoveryClient(region);
    const Name = "phenom-dev-chat.internal";
    const Vpc = String(platform.account.inputs["vpc_id"]);
    await client.send(new CreatePrivateDnsNamespaceCommand({ Name, Vpc }));
    const { Namespaces = [] } = await client.send(new ListNamespacesCommand({}));
    const NamespaceId = String(Namespaces[0]?.Id);
    expected["aws_service_discovery_private_dns_namespace.chat_synapse_namespace"] = `${NamespaceId}:${Vpc}`;
    const { Service } = await client.send(
      new CreateServiceCommand({
        Name: "synapse",
        NamespaceId,
        DnsConfig: { DnsRecords: [{ Type: "A", TTL: 10 }] },
      }),
    );
    expected["aws_service_discovery_service.chat_synapse_discovery"] = `${Service?.Id}`;
  }

  async function alarms() {
    const [sns, kms, name] = [new SNSClient(region), new KMSClient(region), "phenom-dev-chat-alarms"];
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
    expected["aws_sns_topic.monitoring_alarm_topic"] = `${TopicArn}`;
    expected["aws_sns_topic_policy.monitoring_alarm_topic_policy"] = `${TopicArn}`;
    const Endpoint = "on-call@example.org";
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint, ReturnSubscriptionArn: true }),
    );
    expected[`aws_sns_topic_subscription.monitoring_alarm_topic_mail["${Endpoint}"]`] = `${SubscriptionArn}`;
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const AliasName = `alias/${name}`;
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }));
    expected["aws_kms_alias.monitoring_alarm_topic_key_alias"] = AliasName;
  }
});
