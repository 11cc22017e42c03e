import { DescribeCertificateCommand } from "@aws-sdk/client-acm";
import {
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  type Listener,
  type LoadBalancer,
  paginateDescribeRules,
  type Rule,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { conditionValues } from "../listener-rule.ts";
import { listed, type PreflightCheck, type Subject, unless } from "./check.ts";
import { limitOf } from "./quotas.ts";

/** An HTTPS listener with a certificate of the server name, and free priorities on it. */
export const loadBalancer: PreflightCheck = {
  name: "load-balancer",
  run: async (subject) => [
    await listener(subject),
    await balancer(subject),
    await certificate(subject),
    ...(await rules(subject)),
  ],
};

async function describeListener({ aws, inputs }: Subject): Promise<Listener | undefined> {
  const arn = inputs.get("albListenerArn");
  const found = await unless(
    ["ListenerNotFoundException", "ListenerNotFound"],
    aws.elb.send(new DescribeListenersCommand({ ListenerArns: [arn] })),
  );
  return found?.Listeners?.[0];
}

const LISTENER = "alb_listener_arn";
const LISTENER_REMEDY = "Name the HTTPS listener of the platform's load balancer";

function listener(subject: Subject): Promise<Finding> {
  return finding(LISTENER, LISTENER_REMEDY, async () => {
    const found = await describeListener(subject);
    if (!found) return failed(LISTENER, "there is no such listener", LISTENER_REMEDY);
    return found.Protocol === "HTTPS"
      ? passed(LISTENER, `HTTPS on port ${found.Port}`)
      : failed(LISTENER, `it speaks ${found.Protocol} on port ${found.Port}`, LISTENER_REMEDY);
  });
}

function balancer(subject: Subject): Promise<Finding> {
  const { aws, inputs } = subject;
  const what = "load balancer";
  const remedy = "Take all inputs alb_… from the one load balancer that the listener belongs to";
  return finding(what, remedy, async () => {
    const [suffix, dnsName, group, vpcId] = [
      inputs.get("albArnSuffix"),
      inputs.get("albDnsName"),
      inputs.get("albSecurityGroupId"),
      inputs.get("vpcId"),
    ];
    const arn = (await describeListener(subject))?.LoadBalancerArn;
    if (!arn) return failed(what, "alb_listener_arn names no listener", LISTENER_REMEDY);
    const { LoadBalancers } = await aws.elb.send(
      new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
    );
    const found: LoadBalancer = LoadBalancers?.[0] ?? {};
    const differences = [
      ...(arn.endsWith(`loadbalancer/${suffix}`) ? [] : [`alb_arn_suffix is ${suffix}`]),
      ...(found.DNSName?.toLowerCase() === dnsName.toLowerCase() ? [] : [`alb_dns_name is ${dnsName}`]),
      ...(found.SecurityGroups?.includes(group) ? [] : [`alb_security_group_id is ${group}`]),
      ...(found.VpcId === vpcId ? [] : [`vpc_id is ${vpcId}`]),
      ...(found.Scheme === "internet-facing" ? [] : [`it is ${found.Scheme}, so Cloudflare can't reach it`]),
    ];
    return differences.length
      ? failed(what, `${found.LoadBalancerName} ${found.DNSName}: ${differences.join("; ")}`, remedy)
      : passed(what, `${found.LoadBalancerName}, internet-facing`);
  });
}

function certificate(subject: Subject): Promise<Finding> {
  const { aws, environment, inputs } = subject;
  const { serverName } = environment;
  const what = `certificate of ${serverName}`;
  const remedy = `Ask the load balancer's owner to add a certificate for ${serverName} to the listener`;
  return finding(what, remedy, async () => {
    const ListenerArn = inputs.get("albListenerArn");
    const [found, more] = await Promise.all([
      describeListener(subject),
      unless(
        ["ListenerNotFoundException", "ListenerNotFound"],
        aws.elb.send(new DescribeListenerCertificatesCommand({ ListenerArn })),
      ),
    ]);
    const arns = new Set(
      [...(found?.Certificates ?? []), ...(more?.Certificates ?? [])].flatMap(
        ({ CertificateArn }) => CertificateArn ?? [],
      ),
    );
    const names = new Set<string>();
    for (const arn of arns) {
      // The listener may also hold certificates of IAM, which name no host.
      if (!arn.includes(":acm:")) continue;
      const described = await unless(
        ["ResourceNotFoundException"],
        aws.acm.send(new DescribeCertificateCommand({ CertificateArn: arn })),
      );
      const { Status, DomainName, SubjectAlternativeNames = [] } = described?.Certificate ?? {};
      if (Status === "ISSUED")
        for (const name of [DomainName, ...SubjectAlternativeNames]) names.add(name ?? "");
    }
    const covering = [...names].find((name) => covers(name, serverName));
    return covering
      ? passed(what, covering)
      : failed(what, `the listener's issued certificates are for: ${listed(names)}`, remedy);
  });
}

/** A wildcard stands for one label. */
const covers = (name: string, host: string): boolean =>
  name === host || (name.startsWith("*.") && name.slice(1) === host.slice(host.indexOf(".")));

async function rules(subject: Subject): Promise<Finding[]> {
  const { aws, environment, inputs, stack } = subject;
  const wanted = stack.resources.filter(({ type }) => type === "aws_lb_listener_rule");
  const priorities: Finding[] = [];
  const what = "rules of the listener";
  const quota = await finding(what, "", async () => {
    const found: Rule[] = [];
    const pages = paginateDescribeRules({ client: aws.elb }, { ListenerArn: inputs.get("albListenerArn") });
    for await (const { Rules = [] } of pages) found.push(...Rules);
    let missing = 0;
    for (const { address, config } of wanted) {
      const taken = found.find(({ Priority }) => Priority === String(config.priority));
      if (!taken) missing++;
      priorities.push(priorityFinding(address, String(config.priority), taken, environment.serverName));
    }
    const limit = await limitOf(aws, "rules-per-application-load-balancer");
    const [total, others] = [found.length + missing, found.filter(({ IsDefault }) => IsDefault).length];
    return limit === undefined || total - others <= limit
      ? passed(what, `${total - others} of ${limit ?? "an unknown number"} with ours`)
      : failed(
          what,
          `${total - others} with ours, and the quota is ${limit}`,
          "Raise the quota Rules per Application Load Balancer in Service Quotas",
        );
  });
  return [...priorities.sort((a, b) => a.what.localeCompare(b.what)), quota];
}

function priorityFinding(
  address: string,
  priority: string,
  taken: Rule | undefined,
  serverName: string,
): Finding {
  const what = `priority ${priority}`;
  if (!taken) return passed(what, "free");
  const hosts = conditionValues(taken, "host-header");
  return hosts.length === 1 && hosts[0] === serverName
    ? passed(what, `a rule of ${serverName}`)
    : failed(
        what,
        `taken by a rule for ${listed(hosts)}`,
        `Choose another priority for ${address} in priorities of the environment's file`,
      );
}
