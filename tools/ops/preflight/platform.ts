import { DescribeClustersCommand } from "@aws-sdk/client-ecs";
import {
  type DBInstance,
  DescribeDBInstancesCommand,
  paginateDescribeDBParameters,
} from "@aws-sdk/client-rds";
import type { Aws } from "../aws.ts";
import { type Finding, failed, finding, passed, skipped } from "../checks/check.ts";
import { listed, type PreflightCheck, type Subject, unless } from "./check.ts";
import { databaseConnection } from "./database-connection.ts";

/** The ECS cluster and the RDS instance. */
export const platform: PreflightCheck = {
  name: "platform",
  run: async (subject) => [await cluster(subject), ...(await database(subject))],
};

function cluster({ aws, inputs }: Subject): Promise<Finding> {
  const what = "ECS cluster";
  const remedy = "Correct ecs_cluster_id and ecs_cluster_name";
  return finding(what, remedy, async () => {
    const [arn, name] = [inputs.get("ecsClusterArn"), inputs.get("ecsClusterName")];
    const { clusters = [] } = await aws.ecs.send(new DescribeClustersCommand({ clusters: [arn] }));
    const found = clusters.find(({ clusterArn }) => clusterArn === arn);
    if (found?.status !== "ACTIVE")
      return failed(what, found ? `${arn} is ${found.status}` : `there is no cluster ${arn}`, remedy);
    return found.clusterName === name
      ? passed(what, name)
      : failed(what, `ecs_cluster_name is ${name}, and the cluster is ${found.clusterName}`, remedy);
  });
}

/** Major version that the migrations are tested with; older ones lack what they use. */
const POSTGRES = 17;

async function database(subject: Subject): Promise<Finding[]> {
  const { aws, inputs } = subject;
  const what = "RDS instance";
  const remedy = "Take all inputs rds_… from the one instance";
  let instance: DBInstance | undefined;
  const own = await finding(what, remedy, async () => {
    const id = inputs.get("rdsInstanceIdentifier");
    const found = await unless(
      ["DBInstanceNotFound", "DBInstanceNotFoundFault"],
      aws.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id })),
    );
    instance = found?.DBInstances?.[0];
    if (!instance) return failed(what, `there is no instance ${id}`, remedy);
    const differences = differencesOf(subject, instance);
    return differences.length
      ? failed(what, `${id}: ${differences.join("; ")}`, remedy)
      : passed(what, `${id}, ${instance.Endpoint?.Address}`);
  });
  return instance ? [own, version(instance), await tls(aws, instance), await connection(subject)] : [own];
}

const connection = ({ inputs }: Subject): Promise<Finding> =>
  finding("PostgreSQL connection", "", () =>
    databaseConnection(inputs.get("rdsHost"), inputs.get("rdsPort")),
  );

function differencesOf({ inputs }: Subject, instance: DBInstance): string[] {
  const { Endpoint, VpcSecurityGroups = [], DBSubnetGroup, DBInstanceStatus } = instance;
  const [host, port, group, vpcId] = [
    inputs.get("rdsHost"),
    inputs.get("rdsPort"),
    inputs.get("rdsSecurityGroupId"),
    inputs.get("vpcId"),
  ];
  const groups = VpcSecurityGroups.map(({ VpcSecurityGroupId = "" }) => VpcSecurityGroupId);
  return [
    ...(DBInstanceStatus === "available" ? [] : [`it is ${DBInstanceStatus}`]),
    ...(Endpoint?.Address === host ? [] : [`rds_endpoint is ${host}, its endpoint ${Endpoint?.Address}`]),
    ...(Endpoint?.Port === port ? [] : [`rds_port is ${port}, its port ${Endpoint?.Port}`]),
    ...(groups.includes(group) ? [] : [`rds_security_group_id is ${group}, its groups ${listed(groups)}`]),
    ...(DBSubnetGroup?.VpcId === vpcId ? [] : [`it lies in ${DBSubnetGroup?.VpcId}, not in ${vpcId}`]),
  ];
}

function version({ Engine, EngineVersion = "" }: DBInstance): Finding {
  const what = "PostgreSQL version";
  return Engine === "postgres" && Number.parseInt(EngineVersion, 10) >= POSTGRES
    ? passed(what, EngineVersion)
    : failed(
        what,
        `${Engine} ${EngineVersion}`,
        `The migrations are tested on PostgreSQL ${POSTGRES}: ask the owner to upgrade the instance`,
      );
}

/** All our clients demand TLS; the server must as well, because Hasura shares the database. */
function tls({ rds }: Aws, { DBParameterGroups = [] }: DBInstance): Promise<Finding> {
  const what = "PostgreSQL TLS";
  const name = DBParameterGroups[0]?.DBParameterGroupName;
  const remedy = "Ask the owner to set rds.force_ssl to 1 in the instance's parameter group";
  return finding(what, remedy, async () => {
    if (name === undefined) return skipped(what, "the instance names no parameter group", remedy);
    const pages = paginateDescribeDBParameters({ client: rds }, { DBParameterGroupName: name });
    for await (const { Parameters = [] } of pages) {
      const value = Parameters.find(({ ParameterName }) => ParameterName === "rds.force_ssl")?.ParameterValue;
      if (value === undefined) continue;
      return value === "1"
        ? passed(what, `rds.force_ssl is 1 in ${name}`)
        : failed(what, `rds.force_ssl is ${value} in ${name}: connections in clear are accepted`, remedy);
    }
    return skipped(what, `${name} does not name rds.force_ssl`, remedy);
  });
}
