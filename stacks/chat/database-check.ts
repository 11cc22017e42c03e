import { DataAwsDbInstance } from "@cdktf/provider-aws/lib/data-aws-db-instance";
import { TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { expression } from "../../constructs/expression.ts";
import type { Environment } from "../../environments/schema.ts";
import type { ReadableStack } from "../addresses.ts";
import { databaseBackupDays } from "../monitoring/thresholds.ts";
import { maxConnections, memoryOf } from "../rds-connections.ts";

/**
 * Reads the RDS instance, which belongs to others. Plan and apply warn if its automatic backups are off or not kept
 * long enough.
 */
export class DatabaseCheck extends Construct {
  /** Storage in GiB. */
  readonly allocatedStorage: number;
  /** GiB of its class. */
  readonly memory: number;
  /** Connections that it takes at once by default, from the memory of its class. */
  readonly maxConnections: number;

  constructor(scope: ReadableStack, id: string, environment: Environment, identifier: string) {
    super(scope, id);
    const instance = new DataAwsDbInstance(this, "Default", { dbInstanceIdentifier: identifier });
    const days = environment.production ? databaseBackupDays.production : databaseBackupDays.otherwise;
    const retention = `${instance.fqn}.backup_retention_period`;
    // A check only warns: a plan must be possible until the owner corrects the backups.
    scope.addOverride("check.database_backups.assert", {
      condition: `\${${retention} >= ${days}}`,
      error_message:
        `${environment.environment}: RDS keeps automatic backups of the database for \${${retention}} days, and must for ` +
        `${days} at least: ask its owner to raise backup_retention_period.`,
    });
    this.allocatedStorage = instance.allocatedStorage;
    const local = (name: string, value: string) => new TerraformLocal(this, name, `\${${value}}`);
    const gib = local("memory", memoryOf(expression(this, instance.dbInstanceClass)));
    this.memory = gib.asNumber;
    this.maxConnections = local(
      "max-connections",
      maxConnections(expression(this, instance.dbInstanceClass)),
    ).asNumber;
  }
}
