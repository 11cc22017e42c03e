import { ACMClient } from "@aws-sdk/client-acm";
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { BackupClient } from "@aws-sdk/client-backup";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EFSClient } from "@aws-sdk/client-efs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { SNSClient } from "@aws-sdk/client-sns";
import { STSClient } from "@aws-sdk/client-sts";

/**
 * Clients of the services that operations call. Credentials, and in tests the endpoint (AWS_ENDPOINT_URL), come from
 * where the SDK finds them.
 */
export function awsClients(region: string) {
  const config = { region, maxAttempts: 5 };
  return {
    acm: new ACMClient(config),
    apis: new ApiGatewayV2Client(config),
    backup: new BackupClient(config),
    cloudwatch: new CloudWatchClient(config),
    cognito: new CognitoIdentityProviderClient(config),
    discovery: new ServiceDiscoveryClient(config),
    ec2: new EC2Client(config),
    ecs: new ECSClient(config),
    efs: new EFSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    lambda: new LambdaClient(config),
    logs: new CloudWatchLogsClient(config),
    rds: new RDSClient(config),
    scaling: new ApplicationAutoScalingClient(config),
    secrets: new SecretsManagerClient(config),
    sns: new SNSClient(config),
    sts: new STSClient(config),
    /** Buckets may lie in another region than the rest. */
    s3: (bucketRegion: string) => new S3Client({ ...config, region: bucketRegion }),
  };
}

export type Aws = ReturnType<typeof awsClients>;
