import { AcmCertificate } from "@cdktf/provider-aws/lib/acm-certificate";
import { AcmCertificateValidation } from "@cdktf/provider-aws/lib/acm-certificate-validation";
import { Lb } from "@cdktf/provider-aws/lib/lb";
import { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { DataCloudflareIpRanges } from "@cdktf/provider-cloudflare/lib/data-cloudflare-ip-ranges";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import { Fn, TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import type { PlatformSettings } from "../../environments/platform-settings.ts";
import type { PlatformNetwork } from "./network.ts";

export interface LoadBalancerProps extends Pick<PlatformSettings, "ingress"> {
  readonly deployment: Deployment;
  readonly network: PlatformNetwork;
  /** Host name of its certificate. */
  readonly serverName: string;
  readonly cloudflareZoneId: string;
}

/** TLS 1.3 and 1.2 with forward secrecy and authenticated encryption only, which Cloudflare speaks. */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
/** Seconds: more than the 100 after which Cloudflare gives up, so that a long poll never ends here first. */
const IDLE_TIMEOUT = 120;

/**
 * The load balancer, the only part of the platform that is public. It listens on 443 alone, because Cloudflare redirects
 * people to HTTPS itself, and answers 404 until somebody adds a rule.
 */
export class LoadBalancer extends Construct {
  readonly securityGroup: SecurityGroup;
  readonly listenerArn: string;
  readonly arnSuffix: string;
  readonly dnsName: string;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { deployment, network } = props;
    const name = `${deployment.project}-alb`;
    const group = new SecurityGroup(this, "group", {
      deployment,
      name,
      description: "Load balancer",
      vpcId: network.vpcId,
    });
    this.ingress(props, group);
    group.allowTo("targets", {
      cidrIpv4: network.cidr,
      port: "all",
      description: "Targets, whose own groups say which ports are open",
    });
    group.allowTo("cognito", {
      cidrIpv4: "0.0.0.0/0",
      port: 443,
      description: "Cognito, where a rule signs people in",
    });

    const balancer = new Lb(this, "Default", {
      name,
      loadBalancerType: "application",
      internal: false,
      subnets: network.publicSubnetIds,
      securityGroups: [group.id],
      idleTimeout: IDLE_TIMEOUT,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: "defensive",
      enableDeletionProtection: deployment.protectData,
      tags: deployment.tags,
      dependsOn: [...network.routes],
    });
    const listener = new LbListener(this, "https", {
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn: this.certificate(props),
      defaultAction: [
        {
          type: "fixed-response",
          fixedResponse: { statusCode: "404", contentType: "text/plain", messageBody: "Not found" },
        },
      ],
      tags: deployment.tags,
    });
    this.securityGroup = group;
    this.listenerArn = listener.arn;
    this.arnSuffix = balancer.arnSuffix;
    this.dnsName = balancer.dnsName;
  }

  private ingress({ deployment, ingress }: LoadBalancerProps, group: SecurityGroup): void {
    if (ingress === "anywhere") {
      group.allowFrom("anywhere", { cidrIpv4: "0.0.0.0/0", port: 443, description: "HTTPS from everywhere" });
      return;
    }
    // Cloudflare publishes its ranges, and a plan shows when they change. The load balancer has IPv4 addresses only.
    const ranges = TerraformIterator.fromList(new DataCloudflareIpRanges(this, "cloudflare").ipv4Cidrs);
    new VpcSecurityGroupIngressRule(group, "from-cloudflare", {
      forEach: ranges,
      securityGroupId: group.id,
      description: "HTTPS from Cloudflare",
      cidrIpv4: ranges.value,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      tags: deployment.tags,
    });
  }

  /** @returns ARN of the certificate, once Cloudflare's zone has proved the name to ACM */
  private certificate({ deployment, serverName, cloudflareZoneId }: LoadBalancerProps): string {
    const certificate = new AcmCertificate(this, "certificate", {
      domainName: serverName,
      validationMethod: "DNS",
      tags: deployment.tags,
      lifecycle: { createBeforeDestroy: true },
    });
    const proof = certificate.domainValidationOptions.get(0);
    const withoutDot = (name: string) => Fn.trimsuffix(name, ".");
    const record = new DnsRecord(this, "certificate-record", {
      zoneId: cloudflareZoneId,
      name: withoutDot(proof.resourceRecordName),
      type: proof.resourceRecordType,
      content: withoutDot(proof.resourceRecordValue),
      ttl: 300,
      proxied: false,
      comment: "Proves the load balancer's certificate to ACM; renewals need it too",
      // In a zone that flattens CNAME records Cloudflare fills in these settings.
      lifecycle: { ignoreChanges: ["settings"] },
    });
    return new AcmCertificateValidation(this, "certificate-validation", {
      certificateArn: certificate.arn,
      validationRecordFqdns: [record.name],
    }).certificateArn;
  }
}
