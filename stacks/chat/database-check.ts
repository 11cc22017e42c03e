import { DataAwsDbInstance } from "@cdktf/provider-aws/lib/data-aws-db-instance";
import { Construct } from "constructs";
import type { Environment } from "../../environments/schema.ts";
import type { ReadableStack } from "../addresses.ts";
import { databaseBackupDays } from "../monitoring/thresholds.ts";

/**
 * The RDS instance as it is: it belongs to others, and everything that people wrote stands in it. A plan and an apply
 * warn where its automatic backups are off or kept too short.
 */
export class DatabaseCheck extends Construct {
  /** GiB. */
  readonly allocatedStorage: number;

  constructor(scope: ReadableStack, id: string, environment: Environment, identifier: string) {
    super(scope, id);
    const instance = new DataAwsDbInstance(this, "Default", { dbInstanceIdentifier: identifier });
    const days = environment.production ? databaseBackupDays.production : databaseBackupDays.otherwise;
    const kept = `${instance.fqn}.backup_retention_period`;
    // A check warns and does not stop: a plan must be possible while the owner puts the backups right.
    scope.addOverride("check.database_backups.assert", {
      condition: `\${${kept} >= ${days}}`,
      error_message:
        `${environment.environment}: RDS keeps automatic backups of the database for \${${kept}} days, and should for ` +
        `${days} at least: ask its owner to raise backup_retention_period.`,
    });
    this.allocatedStorage = instance.allocatedStorage;
  }
}
