import {
  DescribeUserPoolClientCommand,
  paginateListUserPoolClients,
} from "@aws-sdk/client-cognito-identity-provider";
import { GetRoleCommand, GetRolePolicyCommand } from "@aws-sdk/client-iam";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import {
  GetTopicAttributesCommand,
  ListTopicsCommand,
  paginateListSubscriptionsByTopic,
} from "@aws-sdk/client-sns";
import { Problem } from "../../cli/problem.ts";
import { unless } from "../preflight/check.ts";
import { type Finders, firstOf } from "./finder.ts";

/** Roles, secrets, Cognito clients, keys and topics. */
export const identity: Finders = {
  aws_cognito_user_pool_client: {
    by: "user pool and name",
    importId: "<user pool id>/<client id>",
    replacedBy: ["user_pool_id", "generate_secret"],
    async find({ cognito }, wanted) {
      const [UserPoolId, name] = [wanted.text("user_pool_id"), wanted.text("name")];
      const ids: string[] = [];
      for await (const { UserPoolClients = [] } of paginateListUserPoolClients(
        { client: cognito },
        { UserPoolId },
      ))
        for (const { ClientName, ClientId = "" } of UserPoolClients)
          if (ClientName === name) ids.push(ClientId);
      const [ClientId] = ids;
      if (!ClientId) return undefined;
      if (ids.length > 1)
        throw new Problem(
          `the user pool has ${ids.length} clients named ${name}: ${ids.join(", ")}`,
          "Rename those that the running services don't use",
        );
      const { UserPoolClient: client } = await cognito.send(
        new DescribeUserPoolClientCommand({ UserPoolId, ClientId }),
      );
      return {
        id: `${UserPoolId}/${ClientId}`,
        attributes: {
          id: ClientId,
          name,
          user_pool_id: UserPoolId,
          generate_secret: client?.ClientSecret !== undefined,
          callback_urls: client?.CallbackURLs,
          allowed_oauth_flows: client?.AllowedOAuthFlows,
          allowed_oauth_scopes: client?.AllowedOAuthScopes,
          explicit_auth_flows: client?.ExplicitAuthFlows,
          supported_identity_providers: client?.SupportedIdentityProviders,
        },
      };
    },
  },
  aws_secretsmanager_secret: {
    by: "name",
    importId: "<ARN>",
    replacedBy: ["name"],
    async find({ secrets }, wanted) {
      const name = wanted.text("name");
      const found = await unless(
        ["ResourceNotFoundException"],
        secrets.send(new DescribeSecretCommand({ SecretId: name })),
      );
      return found?.ARN
        ? {
            id: found.ARN,
            attributes: { id: found.ARN, arn: found.ARN, name, description: found.Description },
          }
        : undefined;
    },
  },
  aws_iam_role: {
    by: "name",
    importId: "<role name>",
    replacedBy: ["name", "path"],
    async find({ iam }, wanted) {
      const name = wanted.text("name");
      const found = await unless(
        ["NoSuchEntityException", "NoSuchEntity"],
        iam.send(new GetRoleCommand({ RoleName: name })),
      );
      const role = found?.Role;
      return role
        ? {
            id: name,
            attributes: { id: name, name, arn: role.Arn, path: role.Path, description: role.Description },
          }
        : undefined;
    },
  },
  aws_iam_role_policy: {
    by: "role and name",
    importId: "<role name>:<policy name>",
    replacedBy: ["name", "role"],
    async find({ iam }, wanted) {
      const [role, name] = [wanted.text("role"), wanted.text("name")];
      const found = await unless(
        ["NoSuchEntityException", "NoSuchEntity"],
        iam.send(new GetRolePolicyCommand({ RoleName: role, PolicyName: name })),
      );
      return found ? { id: `${role}:${name}`, attributes: { id: `${role}:${name}`, role, name } } : undefined;
    },
  },
  aws_kms_alias: {
    by: "name",
    importId: "<alias>",
    replacedBy: ["name"],
    async find({ kms }, wanted) {
      const name = wanted.text("name");
      const found = await unless(["NotFoundException"], kms.send(new DescribeKeyCommand({ KeyId: name })));
      const key = found?.KeyMetadata?.KeyId;
      return key ? { id: name, attributes: { id: name, name, target_key_id: key } } : undefined;
    },
  },
  aws_sns_topic: {
    by: "name",
    importId: "<ARN>",
    replacedBy: ["name"],
    async find({ sns }, wanted) {
      const name = wanted.text("name");
      for (let next: string | undefined; ; ) {
        const { Topics = [], NextToken } = await sns.send(new ListTopicsCommand({ NextToken: next }));
        const arn = Topics.find(({ TopicArn }) => TopicArn?.endsWith(`:${name}`))?.TopicArn;
        if (arn) return { id: arn, attributes: { id: arn, arn, name } };
        if (!NextToken) return undefined;
        next = NextToken;
      }
    },
  },
  aws_sns_topic_policy: {
    by: "topic",
    importId: "<topic ARN>",
    replacedBy: ["arn"],
    async find({ sns }, wanted) {
      const arn = wanted.text("arn");
      const found = await unless(
        ["NotFoundException"],
        sns.send(new GetTopicAttributesCommand({ TopicArn: arn })),
      );
      return found?.Attributes?.Policy ? { id: arn, attributes: { id: arn, arn } } : undefined;
    },
  },
  aws_sns_topic_subscription: {
    by: "topic and address, once it is confirmed",
    importId: "<ARN>",
    replacedBy: ["topic_arn", "protocol", "endpoint"],
    async find({ sns }, wanted) {
      const [topic, endpoint, protocol] = [
        wanted.text("topic_arn"),
        wanted.text("endpoint"),
        wanted.text("protocol"),
      ];
      const found = await firstOf(
        paginateListSubscriptionsByTopic({ client: sns }, { TopicArn: topic }),
        ({ Subscriptions }) => Subscriptions,
        ({ Endpoint, SubscriptionArn }) =>
          Endpoint === endpoint && SubscriptionArn?.startsWith("arn:") === true,
      );
      const arn = found?.SubscriptionArn;
      return arn
        ? { id: arn, attributes: { id: arn, arn, topic_arn: topic, endpoint, protocol } }
        : undefined;
    },
  },
};
