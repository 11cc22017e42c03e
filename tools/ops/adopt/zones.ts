import { DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import type { AccountAws } from "../account-aws.ts";

/** Availability zones of the subnets that exist. */
export async function zonesOf(
  { ec2 }: AccountAws,
  subnetIds: readonly string[],
): Promise<Map<string, string>> {
  const filter = { Name: "subnet-id", Values: [...subnetIds] };
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [filter] }));
  return new Map(Subnets.map(({ SubnetId = "", AvailabilityZone = "" }) => [SubnetId, AvailabilityZone]));
}
