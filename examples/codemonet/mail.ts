import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { SesDomainDkim } from "@cdktf/provider-aws/lib/ses-domain-dkim";
import { SesDomainIdentity } from "@cdktf/provider-aws/lib/ses-domain-identity";
import { SesDomainMailFrom } from "@cdktf/provider-aws/lib/ses-domain-mail-from";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import type { PolicyStatement } from "../../constructs/iam-policy.ts";

export interface MailProps {
  readonly deployment: Deployment;
  readonly domain: string;
  readonly zoneId: string;
  /** Address that reports of DMARC go to. */
  readonly reportsTo: string;
}

/** Signatures of a domain, by SES's documentation. */
const DKIM_TOKENS = 3;

/** A domain that SES sends from: verified, signed (DKIM), with the servers that may (SPF) and a policy (DMARC). */
export class Mail extends Construct {
  /** IAM statement that allows sending from the domain. */
  readonly sendStatement: PolicyStatement;

  constructor(scope: Construct, id: string, { deployment, domain, zoneId, reportsTo }: MailProps) {
    super(scope, id);
    const record = (id: string, name: string, type: string, records: string[]) =>
      new Route53Record(this, id, { zoneId, name, type, ttl: 600, records });
    const identity = new SesDomainIdentity(this, "Default", { domain });
    record("verification", `_amazonses.${domain}`, "TXT", [identity.verificationToken]);
    const { dkimTokens } = new SesDomainDkim(this, "dkim", { domain: identity.domain });
    for (let i = 0; i < DKIM_TOKENS; i++) {
      const token = Fn.element(dkimTokens, i);
      record(`dkim-${i + 1}`, `${token}._domainkey.${domain}`, "CNAME", [`${token}.dkim.amazonses.com`]);
    }
    const from = new SesDomainMailFrom(this, "mail-from", {
      domain: identity.domain,
      mailFromDomain: `mail.${domain}`,
    });
    record("mail-from-mx", from.mailFromDomain, "MX", [
      `10 feedback-smtp.${deployment.region}.amazonses.com`,
    ]);
    // Receivers check SPF on the domain that bounces go to.
    record("spf", from.mailFromDomain, "TXT", ["v=spf1 include:amazonses.com -all"]);
    record("dmarc", `_dmarc.${domain}`, "TXT", [`v=DMARC1; p=quarantine; rua=mailto:${reportsTo}`]);
    this.sendStatement = {
      Sid: "SendMail",
      Effect: "Allow",
      Action: ["ses:SendEmail", "ses:SendRawEmail"],
      Resource: identity.arn,
    };
  }
}
