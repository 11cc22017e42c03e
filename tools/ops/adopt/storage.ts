import {
  DescribeBackupVaultCommand,
  paginateListBackupPlans,
  paginateListBackupSelections,
} from "@aws-sdk/client-backup";
import { DescribeAlarmsCommand, GetDashboardCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeMetricFiltersCommand, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeFileSystemPolicyCommand,
  DescribeFileSystemsCommand,
  DescribeMountTargetsCommand,
  paginateDescribeAccessPoints,
} from "@aws-sdk/client-efs";
import { unless } from "../preflight/check.ts";
import { type Finders, firstOf } from "./finder.ts";

/** Logs, alarms, file systems and their backups. */
export const storage: Finders = {
  aws_cloudwatch_log_group: {
    by: "name",
    importId: "<name>",
    replacedBy: ["name"],
    async find({ logs }, wanted) {
      const name = wanted.text("name");
      const group = await firstOf(
        paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix: name }),
        ({ logGroups }) => logGroups,
        ({ logGroupName }) => logGroupName === name,
      );
      return group
        ? {
            id: name,
            attributes: {
              id: name,
              name,
              arn: group.arn?.replace(/:\*$/, ""),
              retention_in_days: group.retentionInDays ?? 0,
            },
          }
        : undefined;
    },
  },
  aws_cloudwatch_log_metric_filter: {
    by: "log group and name",
    importId: "<log group>:<name>",
    replacedBy: ["name", "log_group_name"],
    async find({ logs }, wanted) {
      const [group, name] = [wanted.text("log_group_name"), wanted.text("name")];
      const found = await unless(
        ["ResourceNotFoundException"],
        logs.send(new DescribeMetricFiltersCommand({ logGroupName: group, filterNamePrefix: name })),
      );
      const filter = found?.metricFilters?.find(({ filterName }) => filterName === name);
      return filter
        ? {
            id: `${group}:${name}`,
            attributes: { id: name, name, log_group_name: group, pattern: filter.filterPattern },
          }
        : undefined;
    },
  },
  aws_cloudwatch_metric_alarm: {
    by: "name",
    importId: "<name>",
    replacedBy: ["alarm_name"],
    async find({ cloudwatch }, wanted) {
      const name = wanted.text("alarm_name");
      const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
      const [alarm] = MetricAlarms;
      return alarm
        ? { id: name, attributes: { id: name, alarm_name: name, threshold: alarm.Threshold } }
        : undefined;
    },
  },
  aws_cloudwatch_dashboard: {
    by: "name",
    importId: "<name>",
    replacedBy: ["dashboard_name"],
    async find({ cloudwatch }, wanted) {
      const name = wanted.text("dashboard_name");
      const found = await unless(
        ["ResourceNotFound", "DashboardNotFoundError"],
        cloudwatch.send(new GetDashboardCommand({ DashboardName: name })),
      );
      return found?.DashboardBody ? { id: name, attributes: { id: name, dashboard_name: name } } : undefined;
    },
  },
  aws_efs_file_system: {
    by: "creation token",
    importId: "<file system id>",
    replacedBy: ["creation_token", "encrypted", "kms_key_id", "availability_zone_name"],
    async find({ efs }, wanted) {
      const token = wanted.text("creation_token");
      const { FileSystems = [] } = await efs.send(new DescribeFileSystemsCommand({ CreationToken: token }));
      const [found] = FileSystems;
      return found?.FileSystemId
        ? {
            id: found.FileSystemId,
            attributes: {
              id: found.FileSystemId,
              arn: found.FileSystemArn,
              creation_token: token,
              encrypted: found.Encrypted,
              throughput_mode: found.ThroughputMode,
            },
          }
        : undefined;
    },
  },
  aws_efs_file_system_policy: {
    by: "file system",
    importId: "<file system id>",
    replacedBy: ["file_system_id"],
    async find({ efs }, wanted) {
      const id = wanted.text("file_system_id");
      const found = await unless(
        ["PolicyNotFound", "FileSystemNotFound"],
        efs.send(new DescribeFileSystemPolicyCommand({ FileSystemId: id })),
      );
      return found?.Policy ? { id, attributes: { id, file_system_id: id } } : undefined;
    },
  },
  aws_efs_mount_target: {
    by: "file system and subnet",
    importId: "<mount target id>",
    replacedBy: ["file_system_id", "subnet_id", "ip_address"],
    async find({ efs }, wanted) {
      const [FileSystemId, subnet] = [wanted.text("file_system_id"), wanted.text("subnet_id")];
      const { MountTargets = [] } = await efs.send(new DescribeMountTargetsCommand({ FileSystemId }));
      const found = MountTargets.find(({ SubnetId }) => SubnetId === subnet);
      return found?.MountTargetId
        ? {
            id: found.MountTargetId,
            attributes: { id: found.MountTargetId, file_system_id: FileSystemId, subnet_id: subnet },
          }
        : undefined;
    },
  },
  aws_efs_access_point: {
    by: "file system and folder",
    importId: "<access point id>",
    replacedBy: ["file_system_id", "posix_user", "root_directory"],
    async find({ efs }, wanted) {
      const FileSystemId = wanted.text("file_system_id");
      const root = wanted.value("root_directory");
      const folder = root && typeof root === "object" && "path" in root ? root.path : undefined;
      const found = await firstOf(
        paginateDescribeAccessPoints({ client: efs }, { FileSystemId }),
        ({ AccessPoints }) => AccessPoints,
        ({ RootDirectory }) => RootDirectory?.Path === folder,
      );
      return found?.AccessPointId
        ? {
            id: found.AccessPointId,
            attributes: { id: found.AccessPointId, arn: found.AccessPointArn, file_system_id: FileSystemId },
          }
        : undefined;
    },
  },
  aws_backup_vault: {
    by: "name",
    importId: "<name>",
    replacedBy: ["name", "kms_key_arn"],
    async find({ backup }, wanted) {
      const name = wanted.text("name");
      // AWS Backup answers so for a vault that does not exist.
      const found = await unless(
        ["ResourceNotFoundException", "AccessDeniedException"],
        backup.send(new DescribeBackupVaultCommand({ BackupVaultName: name })),
      );
      return found?.BackupVaultName
        ? { id: name, attributes: { id: name, name, arn: found.BackupVaultArn } }
        : undefined;
    },
  },
  aws_backup_plan: {
    by: "name",
    importId: "<plan id>",
    async find({ backup }, wanted) {
      const name = wanted.text("name");
      const plan = await firstOf(
        paginateListBackupPlans({ client: backup }, {}),
        ({ BackupPlansList }) => BackupPlansList,
        ({ BackupPlanName }) => BackupPlanName === name,
      );
      return plan?.BackupPlanId
        ? { id: plan.BackupPlanId, attributes: { id: plan.BackupPlanId, name } }
        : undefined;
    },
  },
  aws_backup_selection: {
    by: "plan and name",
    importId: "<plan id>|<selection id>",
    replacedBy: ["name", "plan_id", "iam_role_arn", "resources"],
    async find({ backup }, wanted) {
      const [plan, name] = [wanted.text("plan_id"), wanted.text("name")];
      const found = await firstOf(
        paginateListBackupSelections({ client: backup }, { BackupPlanId: plan }),
        ({ BackupSelectionsList }) => BackupSelectionsList,
        ({ SelectionName }) => SelectionName === name,
      );
      return found?.SelectionId
        ? {
            id: `${plan}|${found.SelectionId}`,
            attributes: { id: found.SelectionId, plan_id: plan, name, iam_role_arn: found.IamRoleArn },
          }
        : undefined;
    },
  },
};
