import { textOf } from "../../plugin/value.ts";
import { ACCOUNT, type Ids } from "./ids.ts";
import { checkPolicy } from "./policy-check.ts";
import type { AwsResource, AwsService } from "./service.ts";

const fileSystemArn = (ids: Ids, id: unknown) => ids.arn("elasticfilesystem", `file-system/${id}`);

/** A setting of a bucket, which bears the bucket's name. */
const bucketSetting: AwsResource = { computed: ({ bucket }) => ({ id: bucket }) };

const bucketNames = (bucket: unknown, ids: Ids) => ({
  arn: `arn:aws:s3:::${bucket}`,
  bucket_domain_name: `${bucket}.s3.amazonaws.com`,
  bucket_regional_domain_name: `${bucket}.s3.${ids.region}.amazonaws.com`,
  hosted_zone_id: "Z3AQBSTGFYJSTF",
  bucket_region: ids.region,
});

const repositoryNames = (name: unknown, ids: Ids) => ({
  arn: ids.arn("ecr", `repository/${name}`),
  registry_id: ACCOUNT,
  repository_url: `${ACCOUNT}.dkr.ecr.${ids.region}.amazonaws.com/${name}`,
});

export const storage: AwsService = {
  resources: {
    aws_efs_file_system: {
      computed(_planned, ids) {
        const id = `fs-${ids.hex(17)}`;
        return {
          id,
          arn: fileSystemArn(ids, id),
          dns_name: `${id}.efs.${ids.region}.amazonaws.com`,
          owner_id: ACCOUNT,
          creation_token: `terraform-${ids.hex(26)}`,
          performance_mode: "generalPurpose",
          number_of_mount_targets: 0,
        };
      },
      replacedBy: ["creation_token", "encrypted", "kms_key_id", "performance_mode"],
      unique: { by: ["creation_token"], error: "FileSystemAlreadyExists" },
    },
    aws_efs_mount_target: {
      computed({ file_system_id }, ids) {
        const host = `${file_system_id}.efs.${ids.region}.amazonaws.com`;
        const zone = `${ids.region}a`;
        return {
          id: `fsmt-${ids.hex(17)}`,
          dns_name: host,
          mount_target_dns_name: `${zone}.${host}`,
          file_system_arn: fileSystemArn(ids, file_system_id),
          owner_id: ACCOUNT,
          ip_address: "10.0.0.20",
          network_interface_id: `eni-${ids.hex(17)}`,
          availability_zone_name: zone,
          availability_zone_id: "use1-az1",
        };
      },
      replacedBy: ["file_system_id", "subnet_id"],
    },
    aws_efs_access_point: {
      computed({ file_system_id }, ids) {
        const id = `fsap-${ids.hex(17)}`;
        return {
          id,
          arn: ids.arn("elasticfilesystem", `access-point/${id}`),
          file_system_arn: fileSystemArn(ids, file_system_id),
          owner_id: ACCOUNT,
        };
      },
      replacedBy: ["file_system_id", "posix_user", "root_directory"],
    },
    aws_efs_backup_policy: { computed: ({ file_system_id }) => ({ id: file_system_id }) },
    aws_s3_bucket: {
      check: (checks, config) =>
        checks.matches(
          config,
          "bucket",
          /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
          "From 3 to 63 lowercase letters, digits, dots and hyphens.",
        ),
      computed(planned, ids) {
        const generated = ids.prefixed("bucket_prefix", `20250101000000${ids.hex(12)}`);
        const bucket = textOf(planned.bucket) ?? generated;
        return {
          ...bucketNames(bucket, ids),
          bucket,
          id: bucket,
          region: ids.region,
          request_payer: "BucketOwner",
          object_lock_enabled: false,
        };
      },
      replacedBy: ["bucket", "bucket_prefix", "object_lock_enabled"],
      unique: { by: ["bucket"], error: "BucketAlreadyOwnedByYou", inAllRegions: true },
      importedBy: "bucket",
    },
    aws_s3_bucket_policy: {
      check: (checks, { policy }) => checkPolicy(checks, "policy", policy, "resource"),
      ...bucketSetting,
    },
    aws_s3_bucket_versioning: bucketSetting,
    aws_s3_bucket_public_access_block: bucketSetting,
    aws_s3_bucket_server_side_encryption_configuration: bucketSetting,
    aws_s3_bucket_lifecycle_configuration: bucketSetting,
    aws_s3_bucket_ownership_controls: bucketSetting,
    aws_s3_bucket_notification: bucketSetting,
    aws_s3_bucket_cors_configuration: bucketSetting,
    aws_s3_bucket_logging: bucketSetting,
    aws_s3_bucket_acl: bucketSetting,
    aws_s3_object: {
      computed: ({ bucket, key }, ids) => ({
        id: `${bucket}/${key}`,
        arn: `arn:aws:s3:::${bucket}/${key}`,
        etag: ids.hex(32),
        version_id: "",
        storage_class: "STANDARD",
        content_type: "application/octet-stream",
        acl: "private",
      }),
      replacedBy: ["bucket", "key"],
    },
    aws_backup_plan: {
      computed(_planned, ids) {
        const id = ids.uuid();
        return { id, arn: ids.arn("backup", `backup-plan:${id}`), version: ids.mixed(48) };
      },
    },
    aws_backup_vault: {
      computed: ({ name }, ids) => ({
        id: name,
        arn: ids.arn("backup", `backup-vault:${name}`),
        recovery_points: 0,
        kms_key_arn: ids.arn("kms", `key/${ids.uuid()}`),
      }),
      replacedBy: ["name", "kms_key_arn"],
      unique: { by: ["name"], error: "AlreadyExistsException" },
    },
    aws_backup_selection: {
      computed: (_planned, ids) => ({ id: ids.uuid() }),
      replacedBy: ["name", "plan_id", "iam_role_arn", "resources"],
    },
    aws_ecr_repository: {
      check(checks, config) {
        checks.matches(
          config,
          "name",
          /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
          "Lowercase letters, digits and . _ - / as separators.",
        );
        checks.length(config, "name", 2, 256);
      },
      computed: ({ name }, ids) => ({ id: name, ...repositoryNames(name, ids) }),
      replacedBy: ["name", "encryption_configuration"],
      unique: { by: ["name"], error: "RepositoryAlreadyExistsException" },
      importedBy: "name",
    },
    aws_ecr_lifecycle_policy: {
      check: (checks, config) =>
        checks.jsonWithList(config, "policy", "rules", "the lifecycle policy has no rules list"),
      computed: ({ repository }) => ({ id: repository, registry_id: ACCOUNT }),
      replacedBy: ["repository", "policy"],
    },
  },
  dataSources: {
    aws_efs_file_system: {
      computed(config, ids) {
        const id = textOf(config.file_system_id) ?? `fs-${ids.hex(17)}`;
        return {
          id,
          file_system_id: id,
          arn: fileSystemArn(ids, id),
          dns_name: `${id}.efs.${ids.region}.amazonaws.com`,
          encrypted: true,
          performance_mode: "generalPurpose",
        };
      },
    },
    aws_s3_bucket: { computed: ({ bucket }, ids) => ({ id: bucket, ...bucketNames(bucket, ids) }) },
    aws_ecr_repository: {
      computed: ({ name }, ids) => ({
        id: name,
        ...repositoryNames(name, ids),
        image_tag_mutability: "MUTABLE",
        most_recent_image_tags: ["latest"],
      }),
    },
    aws_ecr_image: {
      computed({ repository_name }, ids) {
        const digest = `sha256:${ids.hex(64)}`;
        return {
          id: digest,
          image_digest: digest,
          image_tag: "latest",
          image_tags: ["latest"],
          image_pushed_at: 1735689600,
          image_size_in_bytes: 1,
          image_uri: `${repositoryNames(repository_name, ids).repository_url}@${digest}`,
          registry_id: ACCOUNT,
        };
      },
    },
  },
};
