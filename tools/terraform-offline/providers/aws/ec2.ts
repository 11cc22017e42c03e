import { Diagnostic } from "../../plugin/diagnostic.ts";
import { blocksOf, isKnown, isText, listOf, textOf, type Value, type Values } from "../../plugin/value.ts";
import { CREATED, hex, number } from "../invented.ts";
import type { Context } from "../provider.ts";
import type { Checks } from "./checks.ts";
import { ACCOUNT, type Ids } from "./ids.ts";
import type { AwsResource, AwsService } from "./service.ts";

const textPattern = /^[0-9A-Za-z_ .:/()#,@[\]+=&;{}!$*-]*$/;

const zones = ["a", "b", "c"];

const zonesOf = (ids: Ids) => zones.map((letter) => ids.region + letter);

const idOf = (id: Value | undefined, otherwise: string) => textOf(id) ?? otherwise;

function checkRuleText(checks: Checks, { description }: Values, path: string): void {
  if (isText(description) && (!textPattern.test(description) || description.length > 255))
    checks.error(
      path,
      `invalid security group rule description ${JSON.stringify(description)}`,
      "At most 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*",
    );
}

function checkPortOrder(checks: Checks, { from_port: from, to_port: to }: Values, path: string): void {
  if (isKnown(from) && isKnown(to) && Number(from) > Number(to))
    checks.error(path, `from_port (${from}) is greater than to_port (${to})`);
}

function checkPorts(checks: Checks, config: Values): void {
  checks.range(config, "from_port", -1, 65535);
  checks.range(config, "to_port", -1, 65535);
}

const peerAttributes = ["cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"] as const;

const vpcSecurityGroupRule: AwsResource = {
  check(checks, config) {
    const { cidr_ipv4, ip_protocol: protocol, from_port, to_port } = config;
    checkRuleText(checks, config, "description");
    checks.cidr(cidr_ipv4, "cidr_ipv4");
    checkPorts(checks, config);
    // A value that is not known yet counts for neither.
    checks.exactlyOne(config, peerAttributes);
    if (protocol === "-1" && (isKnown(from_port) || isKnown(to_port)))
      checks.error("ip_protocol", 'from_port and to_port are left out when ip_protocol is "-1"');
    if (protocol === "tcp" || protocol === "udp")
      for (const name of ["from_port", "to_port"])
        if (config[name] === null) checks.error(name, `${name} is required when ip_protocol is ${protocol}`);
  },
  computed(_planned, ids) {
    const id = `sgr-${ids.hex(17)}`;
    return { id, security_group_rule_id: id, arn: ids.arn("ec2", `security-group-rule/${id}`) };
  },
  replacedBy: ["security_group_id"],
  unique: {
    by: ["security_group_id", "ip_protocol", "from_port", "to_port", ...peerAttributes],
    error: "InvalidPermission.Duplicate",
  },
};

/** First and last address of a range, as numbers. */
function addresses(cidr: string): readonly [number, number] {
  const [address = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % size);
  return [first, first + size - 1];
}

/** @throws Diagnostic if the subnet shares addresses with another one of its VPC */
function refuseOverlap({ id, vpc_id, cidr_block, region }: Values, { run }: Context): void {
  if (!isText(cidr_block)) return;
  const prefix = `aws_subnet|${region ?? ""}|`;
  const [first, last] = addresses(cidr_block);
  for (const [key, other] of run.names) {
    if (!key.startsWith(prefix) || other === id) continue;
    const [vpc, cidr]: string[] = JSON.parse(key.slice(prefix.length));
    if (vpc !== vpc_id || cidr === undefined || cidr === cidr_block) continue;
    const [from, to] = addresses(cidr);
    if (from <= last && first <= to)
      throw new Diagnostic(
        `creating aws_subnet: InvalidSubnet.Conflict: The CIDR '${cidr_block}' conflicts with another subnet`,
        `${cidr_block} and ${cidr} share addresses`,
        ["cidr_block"],
      );
  }
}

/** A resource with nothing but an id, an ARN and an owner. */
const owned = (kind: string, prefix: string): AwsResource => ({
  computed(_planned, ids) {
    const id = `${prefix}-${ids.hex(17)}`;
    return { id, arn: ids.arn("ec2", `${kind}/${id}`), owner_id: ACCOUNT };
  },
});

export const ec2: AwsService = {
  resources: {
    aws_security_group: {
      check(checks, config) {
        const { name, description } = config;
        if (isText(name) && /^sg-/i.test(name))
          checks.error("name", `invalid value for name (cannot begin with sg-): ${JSON.stringify(name)}`);
        checks.length(config, "name", 1, 255);
        if (isText(name) && !textPattern.test(name))
          checks.error("name", `invalid characters in security group name ${JSON.stringify(name)}`);
        if (
          isText(description) &&
          (!textPattern.test(description) || description.length > 255 || description === "")
        )
          checks.error(
            "description",
            `invalid security group description ${JSON.stringify(description)}`,
            "From 1 to 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*",
          );
        for (const direction of ["ingress", "egress"])
          for (const rule of blocksOf(config[direction])) {
            checkRuleText(checks, rule, direction);
            for (const block of listOf(rule.cidr_blocks)) checks.cidr(block, direction);
            checkPortOrder(checks, rule, direction);
          }
      },
      computed(_planned, ids) {
        const id = `sg-${ids.hex(17)}`;
        return {
          id,
          arn: ids.arn("ec2", `security-group/${id}`),
          owner_id: ACCOUNT,
          name: ids.name(),
          vpc_id: `vpc-${ids.hex(17, "vpc")}`,
        };
      },
      replacedBy: ["name", "name_prefix", "description", "vpc_id"],
      unique: { by: ["vpc_id", "name"], error: "InvalidGroup.Duplicate" },
    },
    aws_security_group_rule: {
      check(checks, config) {
        checks.oneOf(config, "type", ["ingress", "egress"]);
        checkRuleText(checks, config, "description");
        for (const block of listOf(config.cidr_blocks)) checks.cidr(block, "cidr_blocks");
        checkPorts(checks, config);
        checkPortOrder(checks, config, "from_port");
        const peers = [
          "cidr_blocks",
          "ipv6_cidr_blocks",
          "prefix_list_ids",
          "self",
          "source_security_group_id",
        ];
        if (peers.every((name) => config[name] === null))
          checks.error("cidr_blocks", `one of ${peers.join(", ")} must be specified`);
      },
      computed: (_planned, ids) => ({
        id: `sgrule-${ids.number(8)}`,
        security_group_rule_id: `sgr-${ids.hex(17)}`,
      }),
      replacedBy: [
        "type",
        "protocol",
        "from_port",
        "to_port",
        "security_group_id",
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "source_security_group_id",
        "self",
        "prefix_list_ids",
      ],
    },
    aws_vpc_security_group_ingress_rule: vpcSecurityGroupRule,
    aws_vpc_security_group_egress_rule: vpcSecurityGroupRule,
    aws_vpc: {
      check(checks, { cidr_block }) {
        checks.cidr(cidr_block, "cidr_block");
        const bits = Number(textOf(cidr_block)?.split("/")[1] ?? 16);
        if (bits < 16 || bits > 28)
          checks.error(
            "cidr_block",
            `InvalidVpc.Range: The CIDR '${cidr_block}' is invalid: from /16 to /28`,
          );
      },
      computed(_planned, ids) {
        const id = `vpc-${ids.hex(17)}`;
        const routeTable = `rtb-${ids.hex(17, "c")}`;
        return {
          id,
          arn: ids.arn("ec2", `vpc/${id}`),
          owner_id: ACCOUNT,
          default_security_group_id: `sg-${ids.hex(17, "a")}`,
          default_network_acl_id: `acl-${ids.hex(17, "b")}`,
          default_route_table_id: routeTable,
          main_route_table_id: routeTable,
          dhcp_options_id: `dopt-${ids.hex(17, "d")}`,
          cidr_block: "10.0.0.0/16",
          enable_network_address_usage_metrics: false,
          enable_dns_hostnames: false,
        };
      },
      replacedBy: ["cidr_block", "instance_tenancy"],
    },
    aws_subnet: {
      check: (checks, { cidr_block }) => checks.cidr(cidr_block, "cidr_block"),
      computed(_planned, ids) {
        const id = `subnet-${ids.hex(17)}`;
        return {
          id,
          arn: ids.arn("ec2", `subnet/${id}`),
          owner_id: ACCOUNT,
          availability_zone: `${ids.region}a`,
          availability_zone_id: "use1-az1",
        };
      },
      replacedBy: ["vpc_id", "cidr_block", "availability_zone"],
      unique: { by: ["vpc_id", "cidr_block"], error: "InvalidSubnet.Conflict" },
      applied: refuseOverlap,
    },
    aws_internet_gateway: owned("internet-gateway", "igw"),
    aws_nat_gateway: {
      check(checks, config) {
        if (config.connectivity_type !== "private" && config.availability_mode !== "regional")
          checks.required(config, "allocation_id", "A public NAT gateway needs an Elastic IP address.");
      },
      computed: (_planned, ids) => ({
        id: `nat-${ids.hex(17)}`,
        network_interface_id: `eni-${ids.hex(17)}`,
        private_ip: "10.0.0.10",
        public_ip: "203.0.113.10",
        association_id: `eipassoc-${ids.hex(17)}`,
      }),
      replacedBy: ["subnet_id", "allocation_id", "connectivity_type"],
    },
    aws_eip: {
      computed(_planned, ids) {
        const id = `eipalloc-${ids.hex(17)}`;
        const last = ids.number(2);
        return {
          id,
          allocation_id: id,
          arn: ids.arn("ec2", `elastic-ip/${id}`),
          public_ip: `203.0.113.${last}`,
          public_dns: `ec2-203-0-113-${last}.compute-1.amazonaws.com`,
          domain: "vpc",
        };
      },
    },
    aws_route: {
      computed: ({ route_table_id }, ids) => ({
        id: `r-${route_table_id}${ids.number(8)}`,
        origin: "CreateRoute",
        state: "active",
      }),
      replacedBy: ["route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block"],
      unique: {
        by: ["route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block"],
        error: "RouteAlreadyExists",
      },
    },
    aws_route_table: { ...owned("route-table", "rtb"), replacedBy: ["vpc_id"] },
    aws_route_table_association: {
      computed: (_planned, ids) => ({ id: `rtbassoc-${ids.hex(17)}` }),
      replacedBy: ["subnet_id"],
      unique: { by: ["subnet_id", "gateway_id"], error: "Resource.AlreadyAssociated" },
    },
    aws_vpc_endpoint: {
      computed({ service_name }, ids) {
        const id = `vpce-${ids.hex(17)}`;
        const service = String(service_name).split(".").at(-1);
        return {
          id,
          arn: ids.arn("ec2", `vpc-endpoint/${id}`),
          owner_id: ACCOUNT,
          state: "available",
          dns_entry: [
            {
              dns_name: `${id}-${ids.lower(8)}.${service}.${ids.region}.vpce.amazonaws.com`,
              hosted_zone_id: "Z7HUB22UULQXV",
            },
          ],
          prefix_list_id: `pl-${ids.hex(8)}`,
          network_interface_ids: [`eni-${ids.hex(17)}`],
          private_dns_enabled: false,
          ip_address_type: "ipv4",
        };
      },
      replacedBy: ["service_name", "vpc_id", "vpc_endpoint_type"],
      unique: {
        by: ["vpc_id", "service_name", "vpc_endpoint_type", "policy", "subnet_ids"],
        error: "RouteAlreadyExists",
      },
    },
    aws_instance: {
      computed(_planned, ids) {
        const id = `i-${ids.hex(17)}`;
        return {
          id,
          arn: ids.arn("ec2", `instance/${id}`),
          instance_state: "running",
          private_ip: "10.0.0.30",
          private_dns: "ip-10-0-0-30.ec2.internal",
          public_ip: "203.0.113.30",
          public_dns: "ec2-203-0-113-30.compute-1.amazonaws.com",
          availability_zone: `${ids.region}a`,
          primary_network_interface_id: `eni-${ids.hex(17)}`,
          subnet_id: `subnet-${ids.hex(17)}`,
          tenancy: "default",
          ami: "ami-0123456789abcdef0",
          instance_type: "t3.micro",
          vpc_security_group_ids: [`sg-${ids.hex(17)}`],
        };
      },
      replacedBy: ["ami", "subnet_id", "availability_zone", "key_name"],
      replacedIf: ({ user_data_replace_on_change }) =>
        user_data_replace_on_change === true ? ["user_data", "user_data_base64"] : [],
    },
    aws_ebs_volume: {
      computed(_planned, ids) {
        const id = `vol-${ids.hex(17)}`;
        return {
          id,
          arn: ids.arn("ec2", `volume/${id}`),
          create_time: CREATED,
          size: 8,
          type: "gp3",
          iops: 3000,
          throughput: 125,
        };
      },
      replacedBy: ["availability_zone", "encrypted", "kms_key_id", "snapshot_id"],
    },
    aws_volume_attachment: {
      computed: (_planned, ids) => ({ id: `vai-${ids.number(8)}` }),
      replacedBy: ["device_name", "instance_id", "volume_id"],
    },
    aws_dlm_lifecycle_policy: {
      computed(_planned, ids) {
        const id = `policy-${ids.hex(17)}`;
        return { id, arn: ids.arn("dlm", `policy/${id}`) };
      },
    },
  },
  dataSources: {
    aws_vpc: {
      computed(config, ids) {
        const id = idOf(config.id, `vpc-${ids.hex(17)}`);
        return {
          id,
          arn: ids.arn("ec2", `vpc/${id}`),
          cidr_block: "10.0.0.0/16",
          main_route_table_id: `rtb-${ids.hex(17)}`,
          owner_id: ACCOUNT,
          state: "available",
          enable_dns_support: true,
          enable_dns_hostnames: true,
          instance_tenancy: "default",
          default: false,
        };
      },
    },
    aws_vpcs: { computed: (_config, ids) => ({ id: ids.region, ids: [`vpc-${ids.hex(17)}`] }) },
    aws_subnets: {
      computed: (_config, ids) => ({
        id: ids.region,
        ids: zones.map((letter) => `subnet-${ids.hex(17, letter)}`),
      }),
    },
    aws_subnet: {
      computed(config, ids) {
        const id = idOf(config.id, `subnet-${ids.hex(17)}`);
        const n = number(id, 2);
        return {
          id,
          arn: ids.arn("ec2", `subnet/${id}`),
          vpc_id: `vpc-${hex("vpc", 17)}`,
          cidr_block: `10.0.${n}.0/24`,
          availability_zone: zonesOf(ids)[n % 3],
          availability_zone_id: `use1-az${1 + (n % 3)}`,
          state: "available",
          owner_id: ACCOUNT,
        };
      },
    },
    aws_route_table: {
      computed(config, ids) {
        const id = idOf(config.route_table_id, `rtb-${ids.hex(17)}`);
        return {
          id,
          route_table_id: id,
          arn: ids.arn("ec2", `route-table/${id}`),
          owner_id: ACCOUNT,
          vpc_id: `vpc-${hex("vpc", 17)}`,
          routes: [
            { cidr_block: "10.0.0.0/16", gateway_id: "local" },
            { cidr_block: "0.0.0.0/0", gateway_id: "", nat_gateway_id: `nat-${ids.hex(17)}` },
          ],
        };
      },
    },
    aws_vpc_security_group_rules: { computed: (_config, ids) => ({ id: ids.region, ids: [] }) },
    aws_route_tables: {
      computed: (_config, ids) => ({
        id: ids.region,
        ids: ["a", "b"].map((letter) => `rtb-${ids.hex(17, letter)}`),
      }),
    },
    aws_availability_zones: {
      computed: (_config, ids) => ({
        id: ids.region,
        names: zonesOf(ids),
        zone_ids: ["use1-az1", "use1-az2", "use1-az3"],
        group_names: [ids.region],
      }),
    },
    aws_ami: {
      computed(_config, ids) {
        const id = `ami-${ids.hex(17)}`;
        return {
          id,
          image_id: id,
          arn: `arn:aws:ec2:${ids.region}::image/${id}`,
          architecture: "x86_64",
          name: "offline-ami",
          root_device_name: "/dev/xvda",
          root_device_type: "ebs",
          virtualization_type: "hvm",
          state: "available",
          creation_date: "2025-01-01T00:00:00.000Z",
        };
      },
    },
    aws_security_group: {
      computed(config, ids) {
        const id = idOf(config.id, `sg-${ids.hex(17)}`);
        return {
          id,
          arn: ids.arn("ec2", `security-group/${id}`),
          name: "offline",
          description: "offline",
          vpc_id: `vpc-${hex("vpc", 17)}`,
        };
      },
    },
    aws_security_groups: {
      computed(_config, ids) {
        const id = `sg-${ids.hex(17)}`;
        return {
          id: ids.region,
          ids: [id],
          arns: [ids.arn("ec2", `security-group/${id}`)],
          vpc_ids: [`vpc-${hex("vpc", 17)}`],
        };
      },
    },
  },
};
