import { readFileSync } from "node:fs";
import { Template } from "../../stacks/chat/template.ts";
import { Monitoring } from "../../stacks/monitoring/index.ts";
import { percent } from "../../stacks/monitoring/service-levels.ts";
import { between } from "./generated-part.ts";
import { table } from "./markdown.ts";

export const MONITORING_PAGE = "docs/monitoring.md";

/** The page with the table of what development, which runs A and B, promises. */
export function monitoringPage(): string {
  const monitoring = new Template().stack.node.findAll().find((node) => node instanceof Monitoring);
  if (!monitoring) throw new Error("the stack has no monitoring");
  const rows = monitoring.serviceLevels.map(({ id, title, objective, reason, measuredBy, pages }) => [
    `\`${id}\``,
    title,
    percent(objective),
    reason,
    measuredBy,
    pages ? "yes" : "no",
  ]);
  return between(
    readFileSync(MONITORING_PAGE, "utf8"),
    table(["id", "promise", "objective in 30 days", "why", "measured by", "wakes somebody"], rows),
    MONITORING_PAGE,
  );
}
