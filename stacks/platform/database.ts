import { DbInstance } from "@cdktf/provider-aws/lib/db-instance";
import { DbParameterGroup } from "@cdktf/provider-aws/lib/db-parameter-group";
import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group";
import { Construct } from "constructs";
import { type Deployment, stateful } from "../../constructs/deployment.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import type { PlatformSettings } from "../../environments/platform-settings.ts";
import type { PlatformNetwork } from "./network.ts";

export interface DatabaseProps {
  readonly deployment: Deployment;
  readonly network: PlatformNetwork;
  readonly settings: PlatformSettings["database"];
}

const PORT = 5432;
/** Days of Performance Insights that cost nothing. */
const FREE_INSIGHTS = 7;

/** RDS PostgreSQL in subnets without a way to the internet. RDS makes and rotates its master user's password itself. */
export class Database extends Construct {
  readonly host: string;
  readonly port = PORT;
  readonly name = "phenom";
  readonly identifier: string;
  readonly masterSecretArn: string;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { deployment, network, settings }: DatabaseProps) {
    super(scope, id);
    const name = `${deployment.project}-db`;
    const { tags, protectData } = deployment;
    this.securityGroup = new SecurityGroup(this, "group", {
      deployment,
      name,
      description: "PostgreSQL",
      vpcId: network.vpcId,
    });
    const subnets = new DbSubnetGroup(this, "subnets", {
      name,
      description: "Subnets of PostgreSQL",
      subnetIds: network.databaseSubnetIds,
      tags,
    });
    const parameters = new DbParameterGroup(this, "parameters", {
      name: `${name}-postgres17`,
      family: "postgres17",
      description: "PostgreSQL over TLS only",
      parameter: [{ name: "rds.force_ssl", value: "1" }],
      tags,
      lifecycle: { createBeforeDestroy: true },
    });
    const instance = new DbInstance(this, "Default", {
      identifier: name,
      engine: "postgres",
      engineVersion: settings.engineVersion,
      // RDS does so anyway once it withdraws a version.
      autoMinorVersionUpgrade: true,
      instanceClass: settings.instanceClass,
      storageType: "gp3",
      allocatedStorage: settings.storage,
      maxAllocatedStorage: settings.maxStorage,
      storageEncrypted: true,
      dbName: this.name,
      username: "phenom_owner",
      manageMasterUserPassword: true,
      port: PORT,
      multiAz: settings.multiAz,
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [this.securityGroup.id],
      publiclyAccessible: false,
      parameterGroupName: parameters.name,
      caCertIdentifier: "rds-ca-rsa2048-g1",
      backupRetentionPeriod: settings.backupDays,
      // Night in the Americas, an hour after AWS Backup copies the media.
      backupWindow: "06:00-07:00",
      maintenanceWindow: "sun:07:30-sun:08:30",
      copyTagsToSnapshot: true,
      performanceInsightsEnabled: true,
      performanceInsightsRetentionPeriod: FREE_INSIGHTS,
      enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
      deletionProtection: protectData,
      skipFinalSnapshot: !protectData,
      ...(protectData && { finalSnapshotIdentifier: `${name}-final` }),
      tags,
      ...stateful(deployment),
    });
    this.host = instance.address;
    this.identifier = instance.identifier;
    this.masterSecretArn = instance.masterUserSecret.get(0).secretArn;
  }
}
