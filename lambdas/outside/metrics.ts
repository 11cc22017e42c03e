import { embeddedMetrics, metricDirective } from "../../shared/embedded-metrics.ts";

/** CloudWatch namespace of what is measured from outside. */
export const OUTSIDE_NAMESPACE = "PhenomChat/Outside";
/** `reachable` is 1 or 0, by environment and target; the others are days, by environment. */
export const outsideMetrics = {
  reachable: "Reachable",
  certificate: "CertificateDays",
  domain: "DomainDays",
} as const;
export const outsideDimensions = { environment: "Environment", target: "Target" } as const;

/** What is reached from outside. */
export const targets = ["a", "b", "agents"] as const;
export type Target = (typeof targets)[number];

const { environment, target } = outsideDimensions;
const byTarget = metricDirective(OUTSIDE_NAMESPACE, [[environment, target]], {
  [outsideMetrics.reachable]: "Count",
});
const days = (name: string) => metricDirective(OUTSIDE_NAMESPACE, [[environment]], { [name]: "Count" });

/** Fields of a log line that say whether a target answered. */
export const reachedFields = (environmentName: string, which: Target, reached: boolean) => ({
  ...embeddedMetrics([byTarget]),
  [environment]: environmentName,
  [target]: which,
  [outsideMetrics.reachable]: reached ? 1 : 0,
});

/** Fields of a log line that say in how many days something expires. */
export const expiryFields = (environmentName: string, what: "certificate" | "domain", left: number) => ({
  ...embeddedMetrics([days(outsideMetrics[what])]),
  [environment]: environmentName,
  [outsideMetrics[what]]: left,
});
