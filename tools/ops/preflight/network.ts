import {
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  type Route,
  type RouteTable,
  type Subnet,
} from "@aws-sdk/client-ec2";
import { inputTable } from "../../../environments/inputs.ts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { listed, type PreflightCheck, type Subject, unless } from "./check.ts";

/** The VPC with DNS names, private subnets with a way out, and security groups in it. */
export const network: PreflightCheck = {
  name: "network",
  run: async (subject) => [
    await vpc(subject),
    ...(await subnets(subject)),
    ...(await Promise.all(groupInputs.map((input) => securityGroup(subject, input)))),
  ],
};

function vpc({ aws, inputs }: Subject): Promise<Finding> {
  const what = "vpc_id";
  return finding(what, "", async () => {
    const VpcId = inputs.get("vpcId");
    const found = await unless(
      ["InvalidVpcID.NotFound"],
      aws.ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] })),
    );
    if (!found?.Vpcs?.length)
      return failed(what, `there is no VPC ${VpcId}`, "Correct vpc_id, or the region or account");
    const [support, names] = await Promise.all([
      aws.ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsSupport" })),
      aws.ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsHostnames" })),
    ]);
    const off = [
      ...(support.EnableDnsSupport?.Value ? [] : ["enableDnsSupport"]),
      ...(names.EnableDnsHostnames?.Value ? [] : ["enableDnsHostnames"]),
    ];
    return off.length
      ? failed(
          what,
          `${VpcId}: ${off.join(" and ")} is off, so names of Cloud Map and EFS don't resolve`,
          `Turn both on: aws ec2 modify-vpc-attribute --vpc-id ${VpcId} --enable-dns-support, then --enable-dns-hostnames`,
        )
      : passed(what, `${VpcId} with DNS names`);
  });
}

async function subnets({ aws, inputs }: Subject): Promise<Finding[]> {
  const what = "private_subnet_ids";
  const remedy = "Name private subnets of the VPC in two zones at least";
  const routes: Finding[] = [];
  const own = await finding(what, remedy, async () => {
    const [vpcId, ids] = [inputs.get("vpcId"), inputs.get("privateSubnetIds")];
    const { Subnets = [] } =
      (await unless(
        ["InvalidSubnetID.NotFound"],
        aws.ec2.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] })),
      )) ?? {};
    const missing = ids.filter((id) => !Subnets.some(({ SubnetId }) => SubnetId === id));
    // EC2 names one missing subnet, and describes none of the others.
    if (missing.length) return failed(what, `not all of ${listed(ids)} exist`, remedy);
    const elsewhere = Subnets.filter(({ VpcId }) => VpcId !== vpcId).map(({ SubnetId = "" }) => SubnetId);
    if (elsewhere.length) return failed(what, `not in ${vpcId}: ${listed(elsewhere)}`, remedy);
    const { RouteTables: tables = [] } = await aws.ec2.send(
      new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
    );
    for (const subnet of Subnets) routes.push(wayOut(subnet, tables));
    const zones = new Set(Subnets.map(({ AvailabilityZone = "" }) => AvailabilityZone));
    return zones.size > 1
      ? passed(what, `${ids.length} subnets in ${listed(zones)}`)
      : failed(what, `all in one zone, ${listed(zones)}: its failure stops the chat`, remedy);
  });
  return [own, ...routes];
}

/** Tasks have no public IP: they reach Docker Hub and AWS through NAT or a transit gateway only. */
function wayOut({ SubnetId = "" }: Subnet, tables: readonly RouteTable[]): Finding {
  const what = `route of ${SubnetId}`;
  const remedy = "Add a default route to a NAT gateway, or name another subnet";
  const table =
    tables.find(({ Associations = [] }) => Associations.some((a) => a.SubnetId === SubnetId)) ??
    tables.find(({ Associations = [] }) => Associations.some((a) => a.Main));
  const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0");
  if (!route) return failed(what, "no way to the internet", remedy);
  if (route.State === "blackhole") return failed(what, `${targetOf(route)} is gone`, remedy);
  if (route.GatewayId?.startsWith("igw-"))
    return failed(what, "public: through an internet gateway only tasks with a public IP get out", remedy);
  return passed(what, targetOf(route));
}

const targetOf = (route: Route): string =>
  route.NatGatewayId ??
  route.TransitGatewayId ??
  route.VpcPeeringConnectionId ??
  route.NetworkInterfaceId ??
  route.InstanceId ??
  route.GatewayId ??
  "its target";

const groupInputs = ["albSecurityGroupId", "ecsTasksSecurityGroupId", "rdsSecurityGroupId"] as const;

function securityGroup({ aws, inputs }: Subject, input: (typeof groupInputs)[number]): Promise<Finding> {
  const what = inputTable[input].name;
  const remedy = `Correct ${what}: ${inputTable[input].description}`;
  return finding(what, remedy, async () => {
    const [id, vpcId] = [inputs.get(input), inputs.get("vpcId")];
    const found = await unless(
      ["InvalidGroup.NotFound", "InvalidGroupId.Malformed"],
      aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] })),
    );
    const group = found?.SecurityGroups?.[0];
    if (!group) return failed(what, `there is no security group ${id}`, remedy);
    return group.VpcId === vpcId
      ? passed(what, `${id} ${group.GroupName ?? ""}`)
      : failed(what, `${id} belongs to ${group.VpcId}, not to ${vpcId}`, remedy);
  });
}
