import { isKnown, isText, listOf, textOf } from "../../plugin/value.ts";
import { hex } from "../invented.ts";
import { isEmpty } from "./checks.ts";
import type { Ids } from "./ids.ts";
import type { AwsService } from "./service.ts";

const recordTypes = [
  "A",
  "AAAA",
  "CAA",
  "CNAME",
  "DS",
  "HTTPS",
  "MX",
  "NAPTR",
  "NS",
  "PTR",
  "SOA",
  "SPF",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "TXT",
];

/** What ACM wants to find in DNS before it issues a certificate. */
function validationRecord(domain: string) {
  const base = domain.replace(/^\*\./, "");
  return {
    domain_name: domain,
    resource_record_name: `_${hex(`acm${base}`, 32)}.${base}.`,
    resource_record_type: "CNAME",
    resource_record_value: `_${hex(`acmv${base}`, 32)}.acm-validations.aws.`,
  };
}

const apiUrl = (ids: Ids, id: unknown) => `https://${id}.execute-api.${ids.region}.amazonaws.com`;

export const edge: AwsService = {
  resources: {
    aws_apigatewayv2_api: {
      computed(_planned, ids) {
        const id = ids.lower(10);
        return {
          id,
          arn: `arn:aws:apigateway:${ids.region}::/apis/${id}`,
          api_endpoint: apiUrl(ids, id),
          execution_arn: ids.arn("execute-api", id),
        };
      },
    },
    aws_apigatewayv2_integration: {
      computed: (_planned, ids) => ({
        id: ids.lower(7),
        integration_response_selection_expression: "",
      }),
    },
    aws_apigatewayv2_route: { computed: (_planned, ids) => ({ id: ids.lower(7) }) },
    aws_apigatewayv2_stage: {
      computed: ({ name, api_id }, ids) => ({
        id: name,
        arn: `arn:aws:apigateway:${ids.region}::/apis/${api_id}/stages/${name}`,
        execution_arn: ids.arn("execute-api", `${api_id}/${name}`),
        invoke_url: `${apiUrl(ids, api_id)}/${name === "$default" ? "" : name}`,
        deployment_id: ids.lower(6),
      }),
    },
    aws_acm_certificate: {
      check(checks, config) {
        checks.oneOf(config, "validation_method", ["DNS", "EMAIL", "NONE"]);
        checks.matches(
          config,
          "domain_name",
          /^(?:[*][.])?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,63}$/i,
          "A host name, of which the first label may be *.",
        );
        checks.length(config, "domain_name", 1, 64);
      },
      computed({ domain_name, subject_alternative_names, validation_method }, ids) {
        const arn = ids.arn("acm", `certificate/${ids.uuid()}`);
        const alternatives = listOf(subject_alternative_names).map(String);
        const names = new Set([textOf(domain_name) ?? "", ...alternatives]);
        names.delete("");
        return {
          arn,
          id: arn,
          status: "PENDING_VALIDATION",
          type: "AMAZON_ISSUED",
          key_algorithm: "RSA_2048",
          subject_alternative_names: [...names],
          validation_method: "NONE",
          validation_emails: [],
          domain_validation_options: validation_method === "DNS" ? [...names].map(validationRecord) : [],
        };
      },
      replacedBy: ["domain_name", "subject_alternative_names", "validation_method"],
    },
    aws_acm_certificate_validation: {
      computed: () => ({ id: "2025-01-01 00:00:00 +0000 UTC", validation_record_fqdns: [] }),
      replacedBy: ["certificate_arn"],
    },
    aws_route53_record: {
      check(checks, config) {
        const { alias, records, ttl } = config;
        checks.oneOf(config, "type", recordTypes);
        if (isEmpty(alias) && records === null)
          checks.error("records", "one of alias, records must be specified");
        if (isEmpty(alias) && isKnown(records) && ttl === null)
          checks.error("ttl", "ttl is required with records");
      },
      computed: ({ zone_id, name, type }) => ({
        id: `${zone_id}_${name}_${type}`,
        fqdn: String(name ?? "").replace(/\.$/, ""),
      }),
      replacedBy: ["zone_id", "name", "type", "set_identifier"],
      unique: {
        by: ["zone_id", "name", "type", "set_identifier"],
        error: "InvalidChangeBatch",
        inAllRegions: true,
      },
    },
    aws_ses_domain_identity: {
      computed: ({ domain }, ids) => ({
        id: domain,
        arn: ids.arn("ses", `identity/${domain}`),
        verification_token: Buffer.from(ids.hex(32)).toString("base64"),
      }),
      replacedBy: ["domain"],
    },
    aws_ses_domain_dkim: {
      // SES always makes three.
      computed: ({ domain }, ids) => ({
        id: domain,
        dkim_tokens: [1, 2, 3].map((n) => ids.lower(32, `token${n}`)),
      }),
      replacedBy: ["domain"],
    },
    aws_ses_domain_mail_from: {
      check(checks, { domain, mail_from_domain: from }) {
        if (isText(domain) && isText(from) && !from.endsWith(`.${domain}`))
          checks.error(
            "mail_from_domain",
            `InvalidParameterValue: Provided MAIL-FROM domain <${from}> is not subdomain of the domain of the identity <${domain}>`,
          );
      },
      computed: ({ domain }) => ({ id: domain, behavior_on_mx_failure: "UseDefaultValue" }),
      replacedBy: ["domain"],
    },
  },
  dataSources: {
    aws_route53_zone: {
      computed(config, ids) {
        const id = textOf(config.zone_id) ?? `Z${ids.upper(20)}`;
        return {
          id,
          zone_id: id,
          arn: `arn:aws:route53:::hostedzone/${id}`,
          name: textOf(config.name) ?? "example.com",
          name_servers: ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"],
        };
      },
    },
    aws_acm_certificate: {
      computed(config, ids) {
        const arn = ids.arn("acm", `certificate/${ids.uuid()}`);
        return { id: arn, arn, status: "ISSUED", domain: textOf(config.domain) ?? "example.com" };
      },
    },
  },
};
