import { ACMClient } from "@aws-sdk/client-acm";
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { BackupClient } from "@aws-sdk/client-backup";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EFSClient } from "@aws-sdk/client-efs";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { SNSClient } from "@aws-sdk/client-sns";
import { type Aws, clientConfig } from "./aws.ts";

/** The clients of {@link Aws}, and those of the services that only a look at a whole account calls. */
export function accountClients(aws: Aws, region: string) {
  const config = clientConfig(region);
  return {
    ...aws,
    acm: new ACMClient(config),
    apis: new ApiGatewayV2Client(config),
    backup: new BackupClient(config),
    discovery: new ServiceDiscoveryClient(config),
    ec2: new EC2Client(config),
    efs: new EFSClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    lambda: new LambdaClient(config),
    scaling: new ApplicationAutoScalingClient(config),
    sns: new SNSClient(config),
  };
}

export type AccountAws = ReturnType<typeof accountClients>;
