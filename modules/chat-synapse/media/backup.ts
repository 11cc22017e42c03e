import { BackupPlan } from "@cdktf/provider-aws/lib/backup-plan";
import { BackupSelection } from "@cdktf/provider-aws/lib/backup-selection";
import { BackupVault } from "@cdktf/provider-aws/lib/backup-vault";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { type Deployment, stateful } from "../../../constructs/deployment.ts";
import { policyDocument, trustService } from "../../../constructs/iam-policy.ts";
import { ServiceRole } from "../../../constructs/service-role.ts";

/** Every night at 5:00 UTC, when it is night in America too. Backups are kept for five weeks. */
const nightly = { schedule: "cron(0 5 * * ? *)", keptDays: 35 };
/** Minutes within which a backup must start and complete. */
const windows = { startWindow: 60, completionWindow: 8 * 60 };

export interface MediaBackupProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly fileSystemArn: string;
}

/** Nightly backups of one file system, and the role that makes and restores them. */
export class MediaBackup extends Construct {
  /** Name of the vault. */
  readonly vault: string;

  constructor(scope: Construct, id: string, { deployment, name, fileSystemArn }: MediaBackupProps) {
    super(scope, id);
    const { region, accountId } = deployment;

    const vault = new BackupVault(this, "vault", {
      name,
      forceDestroy: !deployment.protectData,
      ...stateful(deployment),
      tags: deployment.tags,
    });

    const role = new ServiceRole(this, "role", {
      deployment,
      name: `${name}-backup`,
      description: "Backs up and restores Synapse's media store",
      // AWS Backup documents no source condition for this trust policy.
      assumeRolePolicy: trustService("backup.amazonaws.com"),
    });
    const rights = new IamRolePolicy(this, "policy", {
      name: "backup",
      role: role.id,
      policy: policyDocument(
        {
          Sid: "BackUpAndRestoreMedia",
          Effect: "Allow",
          Action: [
            "elasticfilesystem:Backup",
            "elasticfilesystem:DescribeFileSystems",
            "elasticfilesystem:DescribeTags",
            "elasticfilesystem:Restore",
          ],
          Resource: fileSystemArn,
        },
        {
          Sid: "UseVault",
          Effect: "Allow",
          Action: ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
          Resource: vault.arn,
        },
        {
          // A backup gets the tags of its resource.
          Sid: "TagBackups",
          Effect: "Allow",
          Action: "backup:TagResource",
          Resource: `arn:aws:backup:${region}:${accountId}:recovery-point:*`,
        },
      ),
    });

    const plan = new BackupPlan(this, "plan", {
      name,
      rule: [
        {
          ruleName: "nightly",
          targetVaultName: vault.name,
          schedule: nightly.schedule,
          ...windows,
          lifecycle: { deleteAfter: nightly.keptDays },
        },
      ],
      tags: deployment.tags,
    });
    new BackupSelection(this, "selection", {
      name,
      planId: plan.id,
      iamRoleArn: role.arn,
      resources: [fileSystemArn],
      dependsOn: [rights],
    });
    this.vault = vault.name;
  }
}
