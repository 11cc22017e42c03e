import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { STSClient } from "@aws-sdk/client-sts";

/** Settings of every client. */
export const clientConfig = (region: string) => ({ region, maxAttempts: 5 });

/**
 * Clients of the services that every verb may call. Credentials, and in tests the endpoint (AWS_ENDPOINT_URL), come from
 * where the SDK finds them.
 */
export function awsClients(region: string) {
  const config = clientConfig(region);
  return {
    cloudwatch: new CloudWatchClient(config),
    cognito: new CognitoIdentityProviderClient(config),
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    // A run of the member sync takes up to five minutes.
    lambda: new LambdaClient({ ...config, requestHandler: { requestTimeout: 320_000 } }),
    logs: new CloudWatchLogsClient(config),
    rds: new RDSClient(config),
    secrets: new SecretsManagerClient(config),
    sts: new STSClient(config),
    /** Buckets may lie in another region than the rest. */
    s3: (bucketRegion: string) => new S3Client({ ...config, region: bucketRegion }),
  };
}

export type Aws = ReturnType<typeof awsClients>;
