import { DataAwsDbInstance } from "@cdktf/provider-aws/lib/data-aws-db-instance";
import { TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { expression } from "../../constructs/expression.ts";
import type { Environment } from "../../environments/schema.ts";
import type { ReadableStack } from "../addresses.ts";
import { databaseBackupDays } from "../monitoring/thresholds.ts";

/** GiB of the size `large` by the first letter of the class; older generations have up to a twelfth less. */
const gibOfLarge = { c: 4, m: 8, r: 16, t: 8, x: 32, z: 16 };
/** Sizes as shares of `large`; `<n>xlarge` is twice `n`. */
const shareOfLarge = { micro: 0.125, small: 0.25, medium: 0.5, large: 1, xlarge: 2 };

/**
 * The default of `max_connections` by RDS's documentation, LEAST(memory in bytes / 9531392, 5000), as an expression. A
 * class that is not known counts as the smallest, with 1 GiB.
 */
function maxConnections(instanceClass: string): string {
  const size = `split(".", ${instanceClass})[2]`;
  const share = `try(${JSON.stringify(shareOfLarge)}[${size}], 2 * tonumber(regex("^([0-9]+)xlarge$", ${size})[0]))`;
  const gib = `try(${JSON.stringify(gibOfLarge)}[regex("^db[.]([a-z])", ${instanceClass})[0]] * ${share}, 1)`;
  return `min(floor(${gib} * ${1024 ** 3} / 9531392), 5000)`;
}

/**
 * Reads the RDS instance, which belongs to others. Plan and apply warn if its automatic backups are off or not kept
 * long enough.
 */
export class DatabaseCheck extends Construct {
  /** Storage in GiB. */
  readonly allocatedStorage: number;
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
        `${environment.environment}: RDS keeps automatic backups of the database for \${${retention}} days, and should for ` +
        `${days} at least: ask its owner to raise backup_retention_period.`,
    });
    this.allocatedStorage = instance.allocatedStorage;
    this.maxConnections = new TerraformLocal(
      this,
      "max-connections",
      `\${${maxConnections(expression(this, instance.dbInstanceClass))}}`,
    ).asNumber;
  }
}
