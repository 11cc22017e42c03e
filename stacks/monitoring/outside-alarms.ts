import type { AlarmDefinition } from "./alarm-definition.ts";
import { certificateDays, expiryDays, reachable } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { thresholds } from "./thresholds.ts";

/** Alarms on what the function `outside` measures, and on the load balancer's certificate. */
export function outsideAlarms({ environment, certificateArn, synapse, hasura }: Parts): AlarmDefinition[] {
  const expires = (
    what: "certificate" | "domain",
    text: Pick<AlarmDefinition, "meaning" | "remedy">,
  ): AlarmDefinition => ({
    id: `${what}-expires`,
    part: "platform",
    role: "ticket",
    metric: expiryDays(environment, what),
    statistic: "Minimum",
    threshold: thresholds[`${what}Days`],
    // One look-up in four may fail.
    missing: "notBreaching",
    ...text,
  });
  const targets = {
    ...(synapse && { a: "A (Synapse)" }),
    ...(hasura && { b: "B (Hasura)" }),
    agents: "the MCP server",
  };
  return [
    ...(Object.entries(targets) as [keyof typeof targets, string][]).map(
      ([target, name]): AlarmDefinition => ({
        id: `outside-${target}`,
        part: target,
        role: "symptom",
        metric: reachable(environment, target),
        statistic: "Average",
        threshold: thresholds.reachable,
        // The function measures every minute.
        missing: "breaching",
        meaning: `Nobody on the internet gets an answer of ${name}, or the function that asks is gone`,
        remedy: "Read the answers in the log of the function outside",
      }),
    ),
    expires("certificate", {
      meaning: "The certificate that people's browsers see expires within two weeks",
      remedy: "See in Cloudflare why it is not renewed",
    }),
    expires("domain", {
      meaning: "The domain's registration ends within a month",
      remedy: "Have its owner renew it at the registrar",
    }),
    {
      id: "origin-certificate-expires",
      part: "platform",
      role: "ticket",
      metric: certificateDays(certificateArn),
      statistic: "Minimum",
      threshold: { ...thresholds.certificateDays, period: 24 * 3600, periods: 1 },
      // ACM says nothing of a certificate that was imported, nor once it has expired.
      missing: "notBreaching",
      meaning:
        "The load balancer's certificate expires within two weeks, and Cloudflare then refuses to connect",
      remedy: "See in ACM why it is not renewed",
    },
  ];
}
