import { hasUnknown, isKnown, isText, isUnknown, textOf, type Values } from "../../plugin/value.ts";
import { characters, DIGIT, hex, LOWER } from "../invented.ts";
import type { Checks } from "./checks.ts";
import type { AwsService } from "./service.ts";

const ports: Readonly<Record<string, number>> = { mysql: 3306, mariadb: 3306, postgres: 5432 };

const SQL_SERVER_PORT = 1433;

/** Versions that RDS makes no new instances of, by its release calendar. */
const withdrawn = /^17[.][1-4]$/;
/** User names that PostgreSQL on RDS keeps for itself. */
const reserved = /^(?:rdsadmin|admin|postgres_fdw|rds_superuser|rds_replication|rds_iam|pg_.*)$/;

/** "hh:mm-hh:mm", perhaps after a day, as minutes of the day. */
const minutes = (window: string) =>
  (/(\d\d):(\d\d)-(?:\w{3}:)?(\d\d):(\d\d)$/.exec(window)?.slice(1) ?? []).map(Number);

function checkInstance(checks: Checks, config: Values): void {
  const { engine, engine_version, username, allocated_storage, max_allocated_storage } = config;
  const { performance_insights_retention_period: retention, backup_window, maintenance_window } = config;
  checks.range(config, "backup_retention_period", 0, 35);
  checks.matches(
    config,
    "instance_class",
    /^db\.[a-z0-9-]+\.[a-z0-9]+$/,
    "A class such as db.m5.large, or db.t4g.micro.",
  );
  if (engine === "postgres" && isText(engine_version) && withdrawn.test(engine_version))
    checks.error(
      "engine_version",
      `InvalidParameterCombination: Cannot find version ${engine_version} for postgres`,
      "RDS has withdrawn it: name a later one, or the major version alone.",
    );
  if (isText(username) && reserved.test(username))
    checks.error(
      "username",
      `InvalidParameterValue: MasterUsername ${username} cannot be used as it is a reserved word used by the engine`,
    );
  if (
    isKnown(allocated_storage) &&
    isKnown(max_allocated_storage) &&
    Number(max_allocated_storage) !== 0 &&
    Number(max_allocated_storage) < 1.1 * Number(allocated_storage)
  )
    checks.error(
      "max_allocated_storage",
      "InvalidParameterCombination: Max storage size must be at least 10% greater than storage size",
    );
  const days = Number(retention);
  if (isKnown(retention) && days !== 7 && days !== 731 && !(days % 31 === 0 && days <= 713))
    checks.error(
      "performance_insights_retention_period",
      `expected performance_insights_retention_period to be 7, 731 or a multiple of 31, got ${retention}`,
    );
  if (!isText(backup_window) || !isText(maintenance_window)) return;
  const [backup, maintenance] = [minutes(backup_window), minutes(maintenance_window)];
  const at = ([hour = 0, minute = 0]: number[]) => 60 * hour + minute;
  if (at(backup.slice(0, 2)) < at(maintenance.slice(2)) && at(maintenance.slice(0, 2)) < at(backup.slice(2)))
    checks.error(
      "backup_window",
      "InvalidParameterValue: The backup window and maintenance window must not overlap",
    );
}

export const databases: AwsService = {
  resources: {
    aws_db_instance: {
      check(checks, config) {
        const { identifier, skip_final_snapshot, final_snapshot_identifier } = config;
        checks.matches(
          config,
          "identifier",
          /^[a-z](?!.*--)[a-z0-9-]{0,62}$/,
          "Lowercase letters, digits and single hyphens, beginning with a letter.",
        );
        if (isText(identifier) && identifier.endsWith("-"))
          checks.error("identifier", "identifier cannot end in a hyphen");
        checks.conflicts(config, "password", ["password_wo", "manage_master_user_password"]);
        checks.conflicts(config, "password_wo", ["manage_master_user_password"]);
        checks.allOrNone(config, ["password_wo", "password_wo_version"]);
        for (const name of ["password", "password_wo"]) {
          const password = config[name];
          if (isText(password) && (password.length < 8 || /[/"@ ]/.test(password)))
            checks.error(
              name,
              'the master password needs 8 characters or more, without / " @ or spaces',
              "Give random_password an override_special without them.",
            );
        }
        checkInstance(checks, config);
        if (
          skip_final_snapshot !== true &&
          !isUnknown(skip_final_snapshot) &&
          final_snapshot_identifier === null
        )
          checks.warning(
            "final_snapshot_identifier",
            "final_snapshot_identifier is required when skip_final_snapshot is false",
            "Without it a later destroy fails.",
          );
      },
      computed(planned, ids) {
        const { port: given, engine, engine_version, manage_master_user_password } = planned;
        const identifier = textOf(planned.identifier) ?? ids.prefixed("identifier_prefix", ids.hex(26));
        const usual = ports[textOf(engine) ?? ""] ?? SQL_SERVER_PORT;
        const port = given !== undefined && isKnown(given) ? given : usual;
        const host = `${identifier}.${ids.lower(12)}.${ids.region}.rds.amazonaws.com`;
        const id = `db-${ids.upper(26)}`;
        return {
          identifier,
          id,
          arn: ids.arn("rds", `db:${identifier}`),
          address: host,
          endpoint: `${host}:${port}`,
          port,
          hosted_zone_id: "Z2R2ITUGPM61AM",
          resource_id: id,
          status: "available",
          engine: "postgres",
          engine_version: "16.4",
          engine_version_actual: textOf(engine_version) ?? "16.4",
          availability_zone: `${ids.region}a`,
          username: "postgres",
          db_name: "",
          backup_window: "05:00-05:30",
          maintenance_window: "sun:06:00-sun:06:30",
          master_user_secret:
            manage_master_user_password === true
              ? [
                  {
                    kms_key_id: ids.arn("kms", `key/${ids.uuid("k")}`),
                    secret_arn: ids.arn("secretsmanager", `secret:rds!db-${ids.uuid("s")}-${ids.mixed(6)}`),
                    secret_status: "active",
                  },
                ]
              : [],
        };
      },
      replacedBy: [
        "engine",
        "username",
        "db_name",
        "db_subnet_group_name",
        "storage_encrypted",
        "kms_key_id",
        "availability_zone",
      ],
      unique: { by: ["identifier"], error: "DBInstanceAlreadyExists" },
    },
    aws_db_subnet_group: {
      check(checks, { subnet_ids }) {
        if (Array.isArray(subnet_ids) && !hasUnknown(subnet_ids) && subnet_ids.length < 2)
          checks.error(
            "subnet_ids",
            "DBSubnetGroupDoesNotCoverEnoughAZs: a subnet group needs subnets in at least two availability zones",
          );
      },
      computed: (_planned, ids) => ({
        name: ids.name(),
        id: ids.name(),
        arn: ids.arn("rds", `subgrp:${ids.name()}`),
        vpc_id: `vpc-${ids.hex(17)}`,
        supported_network_types: ["IPV4"],
      }),
      replacedBy: ["name", "name_prefix"],
      unique: { by: ["name"], error: "DBSubnetGroupAlreadyExists" },
    },
    aws_db_parameter_group: {
      computed: (_planned, ids) => ({
        name: ids.name(),
        id: ids.name(),
        arn: ids.arn("rds", `pg:${ids.name()}`),
      }),
      replacedBy: ["name", "name_prefix", "family", "description"],
      unique: { by: ["name"], error: "DBParameterGroupAlreadyExists" },
    },
    aws_db_proxy: {
      computed: ({ name }, ids) => ({
        id: name,
        arn: ids.arn("rds", `db-proxy:prx-${ids.hex(17)}`),
        endpoint: `${name}.proxy-${ids.lower(12)}.${ids.region}.rds.amazonaws.com`,
      }),
    },
    aws_elasticache_replication_group: {
      computed({ replication_group_id: id }, ids) {
        const host = `${id}.${ids.lower(6)}.use1.cache.amazonaws.com`;
        return {
          id,
          arn: ids.arn("elasticache", `replicationgroup:${id}`),
          primary_endpoint_address: `master.${host}`,
          reader_endpoint_address: `replica.${host}`,
          engine: "redis",
          engine_version_actual: "7.1.0",
          port: 6379,
          cluster_enabled: false,
          member_clusters: [`${id}-001`],
          parameter_group_name: "default.redis7",
          num_cache_clusters: 1,
          snapshot_window: "05:00-06:00",
          maintenance_window: "sun:06:30-sun:07:30",
        };
      },
    },
  },
  dataSources: {
    aws_db_instance: {
      computed(config, ids) {
        const id = textOf(config.db_instance_identifier) ?? `db-${ids.hex(8)}`;
        const host = `${id}.${characters(id, 12, LOWER + DIGIT)}.${ids.region}.rds.amazonaws.com`;
        return {
          id,
          db_instance_identifier: id,
          db_instance_arn: ids.arn("rds", `db:${id}`),
          address: host,
          endpoint: `${host}:5432`,
          port: 5432,
          engine: "postgres",
          engine_version: "16.4",
          db_name: "postgres",
          master_username: "postgres",
          hosted_zone_id: "Z2R2ITUGPM61AM",
          db_instance_class: "db.t4g.micro",
          availability_zone: `${ids.region}a`,
          storage_type: "gp3",
          allocated_storage: 20,
          backup_retention_period: 7,
          vpc_security_groups: [`sg-${hex(`${id}sg`, 17)}`],
          db_subnet_group: "default",
          resource_id: `db-${ids.upper(26)}`,
        };
      },
    },
  },
};
