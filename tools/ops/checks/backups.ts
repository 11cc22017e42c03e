import { DescribeDBInstancesCommand } from "@aws-sdk/client-rds";
import { type Check, failed, finding, passed } from "./check.ts";

/** RDS keeps automatic backups. */
export const backups: Check = {
  name: "backups",
  transient: false,
  async run({ context, outputs: { database } }) {
    const what = "RDS backups";
    const id = database.identifier;
    const remedy = `aws rds modify-db-instance --db-instance-identifier ${id} --backup-retention-period 7 --apply-immediately`;
    return [
      await finding(what, remedy, async () => {
        const instance = await context.aws.rds
          .send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))
          .then(({ DBInstances }) => DBInstances?.[0])
          .catch((error: unknown) => {
            if (error instanceof Error && error.name.startsWith("DBInstanceNotFound")) return undefined;
            throw error;
          });
        if (instance?.Endpoint?.Address !== database.host)
          return failed(
            what,
            `no RDS instance has the endpoint ${database.host}`,
            "Check the input rds_endpoint",
          );
        const days = instance.BackupRetentionPeriod ?? 0;
        const until = instance.LatestRestorableTime?.toISOString();
        return days > 0
          ? passed(what, `${id}: ${days} days${until ? `, restorable until ${until}` : ""}`)
          : failed(what, `${id}: automatic backups are off`, remedy);
      }),
    ];
  },
};
