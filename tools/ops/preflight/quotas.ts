import {
  DescribeAccountAttributesCommand,
  DescribeAddressesCommand,
  DescribeNatGatewaysCommand,
} from "@aws-sdk/client-ec2";
import { DescribeAccountLimitsCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand } from "@aws-sdk/client-lambda";
import type { Aws } from "../aws.ts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { type PreflightCheck, type Subject, unless } from "./check.ts";

/** What AWS allows an account. The load balancer's check looks at the number of rules. */
export const quotas: PreflightCheck = {
  name: "quotas",
  run: (subject) => Promise.all([concurrency(subject), addresses(subject)]),
};

/** A limit of Elastic Load Balancing; `undefined` where it names none. */
export async function limitOf({ elb }: Aws, limit: string): Promise<number | undefined> {
  const { Limits = [] } = await elb.send(new DescribeAccountLimitsCommand({}));
  const max = Number(Limits.find(({ Name }) => Name === limit)?.Max);
  return Number.isNaN(max) ? undefined : max;
}

/** Lambda refuses a reservation that leaves the other functions fewer than this. */
const LEAST_UNRESERVED = 100;

function concurrency({ aws, inputs, stack }: Subject): Promise<Finding> {
  const what = "Lambda concurrency";
  return finding(what, "", async () => {
    const { AccountLimit = {} } = await aws.lambda.send(new GetAccountSettingsCommand({}));
    const { ConcurrentExecutions: quota = 0, UnreservedConcurrentExecutions: unreserved = 0 } = AccountLimit;
    let needed = 0;
    for (const { type, config } of stack.resources) {
      if (type !== "aws_lambda_function" || config.reserved_concurrent_executions === undefined) continue;
      const reserved = inputs.get("userProvisionerConcurrency");
      if (reserved <= 0) continue;
      const present = await unless(
        ["ResourceNotFoundException"],
        aws.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: String(config.function_name) })),
      );
      needed += Math.max(0, reserved - (present?.ReservedConcurrentExecutions ?? 0));
    }
    const state = `${unreserved} of ${quota} unreserved`;
    return needed === 0 || unreserved - needed >= LEAST_UNRESERVED
      ? passed(what, `${state}, ${needed} more to reserve`)
      : failed(
          what,
          `${state}; ${needed} more are to be reserved, and Lambda keeps ${LEAST_UNRESERVED} unreserved`,
          "Raise the quota Concurrent executions of Lambda in Service Quotas (a new account has 10), or reserve none",
        );
  });
}

/** The chat needs no address; its platform needs one for each NAT gateway. */
function addresses({ aws, inputs }: Subject): Promise<Finding> {
  const what = "Elastic IPs";
  return finding(what, "", async () => {
    const vpc = { Name: "vpc-id", Values: [inputs.get("vpcId")] };
    const [{ AccountAttributes = [] }, { Addresses = [] }, { NatGateways = [] }] = await Promise.all([
      aws.ec2.send(new DescribeAccountAttributesCommand({})),
      aws.ec2.send(new DescribeAddressesCommand({})),
      aws.ec2.send(new DescribeNatGatewaysCommand({ Filter: [vpc] })),
    ]);
    const values = AccountAttributes.find(({ AttributeName }) => AttributeName === "vpc-max-elastic-ips");
    const quota = Number(values?.AttributeValues?.[0]?.AttributeValue ?? 0);
    const used = `${Addresses.length} of ${quota} in use`;
    return Addresses.length < quota || NatGateways.some(({ State }) => State === "available")
      ? passed(what, used)
      : failed(
          what,
          `${used}, and the VPC has no NAT gateway yet`,
          "Release one, or raise the quota EC2-VPC Elastic IPs in Service Quotas",
        );
  });
}
