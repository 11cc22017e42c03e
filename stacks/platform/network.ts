import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import type { PlatformSettings } from "../../environments/platform-settings.ts";

export interface PlatformNetworkProps
  extends Pick<PlatformSettings, "cidr" | "zones" | "natGateways" | "interfaceEndpoints"> {
  readonly deployment: Deployment;
}

const ANYWHERE = "0.0.0.0/0";

/**
 * Ranges of the subnets in the VPC's /16. A private one has 4091 addresses, because each task and each function in the VPC
 * takes one; the others hold a few interfaces of load balancer, NAT and database.
 */
const ranges = {
  private: (zone: number) => ({ third: 16 * zone, bits: 20 }),
  public: (zone: number) => ({ third: 192 + zone, bits: 24 }),
  database: (zone: number) => ({ third: 208 + zone, bits: 24 }),
} as const;

type Tier = keyof typeof ranges;

/**
 * A VPC with three subnets in each zone. Public ones hold the load balancer and the NAT gateways, private ones everything
 * that runs, database ones have no way to the internet.
 */
export class PlatformNetwork extends Construct {
  readonly vpcId: string;
  readonly cidr: string;
  readonly publicSubnetIds: string[];
  readonly privateSubnetIds: string[];
  /** NAT gateways of these subnets. */
  readonly natGatewayIds: string[];
  readonly databaseSubnetIds: string[];
  /** Routes to the internet: nothing that runs starts without them. */
  readonly routes: readonly ITerraformDependable[];
  readonly #props: PlatformNetworkProps;

  constructor(scope: Construct, id: string, props: PlatformNetworkProps) {
    super(scope, id);
    this.#props = props;
    const { deployment, zones, natGateways, cidr } = props;
    const vpc = new Vpc(this, "Default", {
      cidrBlock: cidr,
      // Names of Cloud Map and of interface endpoints need both.
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: this.named(),
    });
    this.vpcId = vpc.id;
    this.cidr = cidr;
    // A resource that names no group would be in this one: it lets nothing in and nothing out.
    new DefaultSecurityGroup(this, "default-group", { vpcId: vpc.id, tags: this.named("unused") });

    const internet = new InternetGateway(this, "internet", { vpcId: vpc.id, tags: this.named() });
    const publicTable = this.table("public");
    const outward = new Route(this, "public-internet", {
      routeTableId: publicTable.id,
      destinationCidrBlock: ANYWHERE,
      gatewayId: internet.id,
    });
    const databaseTable = this.table("database");
    const [publicSubnets, privateSubnets, databaseSubnets] = [
      this.subnets("public"),
      this.subnets("private"),
      this.subnets("database"),
    ];

    const nats = zones.slice(0, natGateways === "one" ? 1 : zones.length).map((zone, i) => {
      const address = new Eip(this, `nat-address-${zone}`, {
        domain: "vpc",
        tags: this.named(`nat-${zone}`),
        dependsOn: [internet],
      });
      return new NatGateway(this, `nat-${zone}`, {
        allocationId: address.id,
        subnetId: publicSubnets[i]?.id ?? "",
        tags: this.named(zone),
        dependsOn: [outward],
      });
    });
    // A table for each zone, so that its way out can change without its subnet's.
    const privateTables = zones.map((zone) => this.table(`private-${zone}`));
    const throughNat = zones.map(
      (zone, i) =>
        new Route(this, `private-${zone}-nat`, {
          routeTableId: privateTables[i]?.id ?? "",
          destinationCidrBlock: ANYWHERE,
          natGatewayId: (nats[i] ?? nats[0])?.id ?? "",
        }),
    );
    const associations = zones.flatMap((zone, i) => [
      this.associate(`public-${zone}`, publicSubnets[i], publicTable),
      this.associate(`private-${zone}`, privateSubnets[i], privateTables[i]),
      this.associate(`database-${zone}`, databaseSubnets[i], databaseTable),
    ]);

    const ids = (subnets: readonly Subnet[]) => subnets.map((subnet) => subnet.id);
    this.publicSubnetIds = ids(publicSubnets);
    this.natGatewayIds = nats.map(({ id }) => id);
    this.privateSubnetIds = ids(privateSubnets);
    this.databaseSubnetIds = ids(databaseSubnets);
    this.routes = [outward, ...throughNat, ...associations];
    this.endpoints(deployment, privateTables);
  }

  private named(name?: string): Record<string, string> {
    const { project, tags } = this.#props.deployment;
    return { Name: name ? `${project}-${name}` : project, ...tags };
  }

  private table(name: string): RouteTable {
    return new RouteTable(this, `${name}-table`, { vpcId: this.vpcId, tags: this.named(name) });
  }

  private subnets(tier: Tier): Subnet[] {
    const { deployment, zones, cidr } = this.#props;
    const network = cidr.split(".").slice(0, 2).join(".");
    return zones.map((zone, i) => {
      const { third, bits } = ranges[tier](i);
      return new Subnet(this, `${tier}-${zone}`, {
        vpcId: this.vpcId,
        cidrBlock: `${network}.${third}.0/${bits}`,
        availabilityZone: `${deployment.region}${zone}`,
        mapPublicIpOnLaunch: false,
        tags: this.named(`${tier}-${zone}`),
      });
    });
  }

  private associate(name: string, subnet?: Subnet, table?: RouteTable): RouteTableAssociation {
    return new RouteTableAssociation(this, `${name}-association`, {
      subnetId: subnet?.id ?? "",
      routeTableId: table?.id ?? "",
    });
  }

  /** Ways to AWS services that need no NAT. The one to S3 costs nothing, and image layers of ECR come from there. */
  private endpoints(deployment: Deployment, privateTables: readonly RouteTable[]): void {
    const { interfaceEndpoints } = this.#props;
    const service = (name: string) => `com.amazonaws.${deployment.region}.${name}`;
    new VpcEndpoint(this, "s3", {
      vpcId: this.vpcId,
      serviceName: service("s3"),
      vpcEndpointType: "Gateway",
      routeTableIds: privateTables.map(({ id }) => id),
      tags: this.named("s3"),
    });
    if (!interfaceEndpoints.length) return;
    const group = new SecurityGroup(this, "endpoints", {
      deployment,
      name: `${deployment.project}-endpoints`,
      description: "Endpoints of AWS services inside the VPC",
      vpcId: this.vpcId,
    });
    // With private DNS an endpoint replaces the service for the whole VPC, so it must let every group in.
    group.allowFrom("vpc", { cidrIpv4: this.cidr, port: 443, description: "AWS APIs from the VPC" });
    for (const name of interfaceEndpoints)
      new VpcEndpoint(this, name.replaceAll(".", "-"), {
        vpcId: this.vpcId,
        serviceName: service(name),
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: this.privateSubnetIds,
        securityGroupIds: [group.id],
        tags: this.named(name),
      });
  }
}
