/**
 * The metric that says "we are deploying": `ops` writes it, alarms are quiet because of it. It ends by itself if its writer
 * dies, because alarms look at the last minutes only.
 */
export const MARKER = {
  namespace: "PhenomChat/Operations",
  name: "Deploying",
  dimension: "Environment",
  /** End of the name of the alarm that is on while we deploy. */
  alarm: "deploying",
} as const;
