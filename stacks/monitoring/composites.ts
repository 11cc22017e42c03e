import type { AlarmDefinition, CompositeDefinition, Part, Rule } from "./alarm-definition.ts";
import { burns, type ServiceLevel } from "./service-levels.ts";

/** What people notice, by part, and what to do first. */
const parts: Readonly<Record<Part, { readonly name: string; readonly felt: string }>> = {
  a: { name: "A (Synapse)", felt: "People can't sign in, send or read on A (Synapse)" },
  b: { name: "B (Hasura)", felt: "People can't sign in, send or read on B (Hasura)" },
  agents: { name: "the MCP server", felt: "Agents' calls fail" },
  platform: {
    name: "the platform",
    felt: "The database or the way from outside is gone, for A, B and agents",
  },
};

const on = (alarm: string): Rule => ({ alarm });
const failing = (part: Part) => `${part}-failing`;
const quiet = (rules: readonly Rule[], than: readonly string[]): Rule => ({
  all: [{ any: rules }, ...than.map((id): Rule => ({ not: on(id) }))],
});

/**
 * The alarms that notify people. For each part: one page for all its symptoms, one ticket for budgets that are slowly lost, and one
 * for all its causes. Tickets stay closed while the same part, or the platform below it, pages.
 */
export function composites(
  alarms: readonly AlarmDefinition[],
  levels: readonly ServiceLevel[],
): CompositeDefinition[] {
  const present = (Object.keys(parts) as Part[]).filter((part) =>
    alarms.some((alarm) => alarm.part === part),
  );
  const ids = (part: Part, role: AlarmDefinition["role"]) =>
    alarms.filter((alarm) => alarm.part === part && alarm.role === role).map(({ id }) => on(id));
  const all = present.flatMap((part): CompositeDefinition[] => {
    const { name, felt } = parts[part];
    const own = levels.filter((level) => level.part === part);
    const pages = part === "platform" ? present.map(failing) : [failing(part), failing("platform")];
    const composite = (
      what: "failing" | "burning" | "causes",
      rules: readonly Rule[],
      rule: Rule,
      text: Pick<CompositeDefinition, "severity" | "meaning" | "remedy">,
    ): CompositeDefinition[] => (rules.length ? [{ id: `${part}-${what}`, rule, ...text }] : []);

    const symptoms = [
      ...ids(part, "symptom"),
      ...own.filter(({ pages }) => pages).map((level) => burns(level, "fast")),
    ];
    const slow = own.map((level) => burns(level, "slow"));
    const causes = ids(part, "cause");
    return [
      ...composite(
        "failing",
        symptoms,
        { any: symptoms },
        {
          severity: "page",
          meaning: felt,
          remedy: "See the alarms that started it, and whether it was just deployed",
        },
      ),
      ...composite("burning", slow, quiet(slow, pages), {
        severity: "ticket",
        meaning: `More requests to ${name} fail than its objective allows, for hours`,
        remedy: "Find out what fails before the month's error budget is used up",
      }),
      ...composite("causes", causes, quiet(causes, pages), {
        severity: "ticket",
        meaning: `A part of ${name} is at its limit or fails, and people don't notice yet`,
        remedy: "See which alarm started it",
      }),
    ];
  });
  // Tickets name pages in their rules.
  return [...all.filter(isPage), ...all.filter((composite) => !isPage(composite))];
}

const isPage = ({ severity }: CompositeDefinition) => severity === "page";
