import { DescribeSecurityGroupRulesCommand, DescribeSecurityGroupsCommand } from "@aws-sdk/client-ec2";
import { ListNamespacesCommand, ListServicesCommand } from "@aws-sdk/client-servicediscovery";
import { readRecords } from "../cloudflare.ts";
import type { Finder, Finders } from "./finder.ts";

const rule = (egress: boolean): Finder => ({
  by: "group, protocol, ports and peer",
  importId: "<rule id>",
  replacedBy: ["security_group_id"],
  async find({ ec2 }, wanted) {
    const group = wanted.text("security_group_id");
    const peer = wanted.value("cidr_ipv4") ?? wanted.text("referenced_security_group_id");
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [group] }] }),
    );
    const port = (argument: string) => Number(wanted.value(argument) ?? -1);
    const found = SecurityGroupRules.find(
      ({ IsEgress, IpProtocol, FromPort, ToPort, CidrIpv4, ReferencedGroupInfo }) =>
        IsEgress === egress &&
        IpProtocol === wanted.text("ip_protocol") &&
        (FromPort ?? -1) === port("from_port") &&
        (ToPort ?? -1) === port("to_port") &&
        (CidrIpv4 ?? ReferencedGroupInfo?.GroupId) === peer,
    );
    return found?.SecurityGroupRuleId
      ? {
          id: found.SecurityGroupRuleId,
          attributes: {
            id: found.SecurityGroupRuleId,
            security_group_id: group,
            description: found.Description ?? "",
            ip_protocol: found.IpProtocol,
            from_port: found.FromPort,
            to_port: found.ToPort,
            cidr_ipv4: found.CidrIpv4,
            referenced_security_group_id: found.ReferencedGroupInfo?.GroupId,
          },
        }
      : undefined;
  },
});

/** Security groups, names inside the VPC, and the public name. */
export const network: Finders = {
  aws_security_group: {
    by: "VPC and name",
    importId: "<group id>",
    replacedBy: ["name", "description", "vpc_id"],
    kept: ["description"],
    async find({ ec2 }, wanted) {
      const [vpc, name] = [wanted.text("vpc_id"), wanted.text("name")];
      const { SecurityGroups = [] } = await ec2.send(
        new DescribeSecurityGroupsCommand({
          Filters: [
            { Name: "vpc-id", Values: [vpc] },
            { Name: "group-name", Values: [name] },
          ],
        }),
      );
      const [group] = SecurityGroups;
      return group?.GroupId
        ? {
            id: group.GroupId,
            attributes: { id: group.GroupId, name, vpc_id: vpc, description: group.Description },
          }
        : undefined;
    },
  },
  aws_vpc_security_group_ingress_rule: rule(false),
  aws_vpc_security_group_egress_rule: rule(true),
  aws_service_discovery_private_dns_namespace: {
    by: "name",
    importId: "<namespace id>:<VPC id>",
    replacedBy: ["name", "vpc"],
    async find({ discovery }, wanted) {
      const [name, vpc] = [wanted.text("name"), wanted.text("vpc")];
      const { Namespaces = [] } = await discovery.send(new ListNamespacesCommand({ MaxResults: 100 }));
      const found = Namespaces.find(({ Name, Type }) => Name === name && Type === "DNS_PRIVATE");
      return found?.Id ? { id: `${found.Id}:${vpc}`, attributes: { id: found.Id, name, vpc } } : undefined;
    },
  },
  aws_service_discovery_service: {
    by: "namespace and name",
    importId: "<service id>",
    replacedBy: ["name"],
    async find({ discovery }, wanted) {
      const name = wanted.text("name");
      const dns = wanted.value("dns_config");
      const namespace =
        dns && typeof dns === "object" && "namespace_id" in dns ? dns.namespace_id : undefined;
      if (typeof namespace !== "string") return undefined;
      const { Services = [] } = await discovery.send(
        new ListServicesCommand({
          Filters: [{ Name: "NAMESPACE_ID", Values: [namespace] }],
          MaxResults: 100,
        }),
      );
      const found = Services.find(({ Name }) => Name === name);
      return found?.Id ? { id: found.Id, attributes: { id: found.Id, arn: found.Arn, name } } : undefined;
    },
  },
  cloudflare_dns_record: {
    by: "zone and name, if it is a CNAME",
    importId: "<zone id>/<record id>",
    replacedBy: ["zone_id"],
    async find(_, wanted) {
      const [zone, name] = [wanted.text("zone_id"), wanted.text("name")];
      const found = (await readRecords(zone, name)).find(({ type }) => type === "CNAME");
      if (!found?.id) return undefined;
      const { id, type, content, proxied, ttl, comment } = found;
      return {
        id: `${zone}/${id}`,
        attributes: { id, zone_id: zone, name, type, content, proxied, ttl, comment },
      };
    },
  },
};
