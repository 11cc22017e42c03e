import { comesFromConfiguration, isLoss } from "../terraform/irreplaceable.ts";
import { isReplacement, type Plan } from "../terraform/plan.ts";
import { field, type ResourceChange } from "../terraform/plan-json.ts";

/** Kinds of change, the gravest first, with the word of their label and the verb of the sentence. */
export const kinds = {
  lost: { label: "lost", verb: "loses" },
  destroyed: { label: "destroyed", verb: "destroys" },
  replaced: { label: "replaced", verb: "replaces" },
  forgotten: { label: "forgotten", verb: "no longer manages" },
  changed: { label: "changed", verb: "changes" },
  revised: { label: "revised", verb: "revises" },
  created: { label: "created", verb: "creates" },
  moved: { label: "moved or imported", verb: "moves or imports" },
} as const;

export type Kind = keyof typeof kinds;

/** Whether a replacement is a new revision: AWS keeps the old one for whoever runs it. */
const isRevision = (resource: ResourceChange) =>
  resource.type === "aws_ecs_task_definition" || comesFromConfiguration(resource);

export function kindOf(resource: ResourceChange): Kind {
  const { change } = resource;
  if (isLoss(resource)) return "lost";
  if (isReplacement(change)) return isRevision(resource) ? "revised" : "replaced";
  switch (change.actions[0]) {
    case "delete":
      return "destroyed";
    case "forget":
      return "forgotten";
    case "create":
      return "created";
    case "update":
      return "changed";
    default:
      return "moved";
  }
}

/** How many changes there are of each kind, the gravest first; kinds without one are left out. */
export function countKinds({ resources }: Plan): readonly (readonly [Kind, number])[] {
  const counts = new Map<Kind, number>();
  for (const resource of resources) {
    const kind = kindOf(resource);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const count = counts.get(kind);
    return count === undefined ? [] : [[kind, count] as const];
  });
}

/** Services whose tasks are replaced by tasks of another definition. */
const restartedServices = ({ resources }: Plan): ResourceChange[] =>
  resources.filter(
    ({ type, change }) =>
      type === "aws_ecs_service" &&
      change.actions[0] === "update" &&
      (field(change.after_unknown, "task_definition") === true ||
        field(change.before, "task_definition") !== field(change.after, "task_definition")),
  );

/** What the change does, in one sentence. */
export function sentence(plan: Plan): string {
  const counts = countKinds(plan);
  const outputs = Object.keys(plan.outputs).length;
  if (!counts.length)
    return outputs ? `Changes ${many(outputs, "output")} and no resource.` : "Changes nothing.";
  if (counts.every(([kind]) => kind === "created"))
    return `Creates ${many(plan.resources.length, "resource")} and touches none that exists.`;
  const lost = plan.resources.filter((resource) => kindOf(resource) === "lost").map(({ address }) => address);
  const restarted = restartedServices(plan).map(({ address }) => address.split(".").at(-1) ?? address);
  const clauses = [
    ...(lost.length ? [`loses for good what is in ${some(lost)}`] : []),
    ...counts
      .filter(([kind]) => kind !== "lost")
      .map(([kind, count]) => `${kinds[kind].verb} ${many(count, "resource")}`),
    ...(restarted.length
      ? [`restarts the ${restarted.length === 1 ? "service" : "services"} ${some(restarted)}`]
      : []),
  ];
  const harmless = counts.every(([kind]) => !["lost", "destroyed", "replaced", "forgotten"].includes(kind));
  const text = `${inWords(clauses)}${harmless ? "; nothing is destroyed" : ""}.`;
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const inWords = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

const MOST_NAMES = 3;

const some = (names: readonly string[]) =>
  names.length > MOST_NAMES
    ? `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`
    : inWords(names);
