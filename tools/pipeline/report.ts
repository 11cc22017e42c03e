import { Problem } from "../cli/problem.ts";
import { code } from "../docs/markdown.ts";
import { dollars, sumOf } from "../terraform/cost.ts";
import { differences } from "../terraform/difference.ts";
import { pathsOf } from "../terraform/fingerprint.ts";
import { isLoss } from "../terraform/irreplaceable.ts";
import { isReplacement, nameOf, type Plan } from "../terraform/plan.ts";
import { field, type ResourceChange, type ValueChange } from "../terraform/plan-json.ts";
import { reasons } from "../terraform/reasons.ts";
import { pack, type Review, reviewOf } from "./changes.ts";
import { type Block, cutTo, folded, foldedDiff, section } from "./markdown.ts";
import { sign } from "./signature.ts";

/** The most characters that GitHub allows in a comment. */
export const COMMENT_LIMIT = 65_536;

const MARKER = "<!-- phenom-chat plan:";

/** The hidden first line that identifies the comment of an environment. */
export const markerOf = (environment: string) => `${MARKER} ${environment} -->`;

const CHANGES = /^<!-- phenom-chat changes: ([A-Za-z0-9+/=]+(?: [\w-]+)?) -->$/m;

/** The hidden line with the changes of a plan, signed if there is a key. */
const changesLine = (review: Review, key: string | undefined) =>
  `<!-- phenom-chat changes: ${key === undefined ? pack(review) : sign(pack(review), key)} -->`;

/** The packed review that a report hides, with its signature if it has one. */
export const reviewIn = (report: string): string | undefined => CHANGES.exec(report)?.[1];

export interface ReportProps {
  readonly environment: string;
  readonly commit: string;
  /** Address of the run, whose log has the whole plan. */
  readonly runUrl: string;
  /** The most characters of the report. */
  readonly limit: number;
  /** Signs the hidden list of changes. @default - it is not signed, so that nothing may be applied because of it */
  readonly key?: string;
  /** Address of the page for reviewers. @default - there is none */
  readonly pageUrl?: string;
  /** First words of the heading. @default Plan of */
  readonly title?: string;
}

/** The most characters of one objection. */
const MOST_CHARACTERS = 300;

const footOf = (commit: string, runUrl: string, more: string) =>
  `<sub>Commit ${commit} · [run](${runUrl})${more}</sub>`;

interface Group {
  readonly title: string;
  /** The words after their number, such as `to add`. */
  readonly verb: string;
  readonly lines: readonly string[];
}

const line = (resource: ResourceChange, ...remarks: readonly string[]) =>
  `- ${code(nameOf(resource))}${[...reasons(resource), ...remarks].map((remark) => `: ${remark}`).join("")}`;

/** What the plan would do, the most severe first. */
function grouped(plan: Plan): { open: Group[]; folded: Group[] } {
  const group = (title: string, verb: string, resources: readonly ResourceChange[]): Group => ({
    title,
    verb,
    lines: resources.map((resource) => line(resource)),
  });
  const [replaced, single] = [true, false].map((is) =>
    plan.resources.filter(({ change }) => isReplacement(change) === is),
  );
  const of = (action: string) => (single ?? []).filter(({ change }) => change.actions[0] === action);
  const some = ({ lines }: Group) => lines.length > 0;
  return {
    open: [
      group("Destroyed", "to destroy", of("delete")),
      group("Replaced", "to replace", replaced ?? []),
      group("Forgotten: they stay, but Terraform no longer manages them", "to forget", of("forget")),
    ].filter(some),
    folded: [
      group("Changed", "to change", of("update")),
      group("Added", "to add", of("create")),
      group("Moved or imported", "to move or import", of("no-op")),
      {
        title: "Outputs",
        verb: Object.keys(plan.outputs).length === 1 ? "output to change" : "outputs to change",
        lines: Object.keys(plan.outputs).map((name) => `- ${code(name)}`),
      },
      {
        title: "Deferred: another plan is needed after this one",
        verb: "deferred",
        lines: plan.deferred.map(({ reason, resource }) => line(resource, code(reason))),
      },
    ].filter(some),
  };
}

const counts = (groups: readonly Group[]) =>
  groups.map(({ lines, verb }) => `${lines.length} ${verb}`).join(", ");

/**
 * A plan in Markdown: what can't be made again, then destroyed and replaced resources, the rest folded. Lists are cut to
 * the limit, except the one of what can't be made again.
 * @throws Problem where that list, or the list of changes to compare with, does not fit
 */
export function report(
  plan: Plan,
  { environment, commit, runUrl, limit, key, pageUrl, title = "Plan of" }: ReportProps,
): string {
  const groups = grouped(plan);
  const losses = plan.resources.filter(isLoss);
  const failing = plan.checks.filter(({ status }) => status !== "unknown").length;
  const summary = [
    counts([...groups.open, ...groups.folded]) || "nothing to do",
    ...(failing ? [`**${failing} ${failing === 1 ? "check fails" : "checks fail"}**`] : []),
    ...(plan.drift.length ? [`${plan.drift.length} changed outside of Terraform`] : []),
  ];
  const head = [
    markerOf(environment),
    changesLine(reviewOf(plan, { environment, commit }), key),
    `### ${title} \`${environment}\`: ${summary.join(" · ")}`,
    "",
    ...(losses.length
      ? [
          "**Can't be made again: data, keys or identity are lost**",
          "",
          ...losses.map((resource) => `- ${code(nameOf(resource))}: ${verbOf(resource.change)}`),
          "",
        ]
      : []),
    ...(plan.costs.size ? [`Standing costs: ${dollars(sumOf(plan.costs))} a month, by list prices`, ""] : []),
  ];
  const page = pageUrl === undefined ? "" : ` · [page for reviewers](${pageUrl})`;
  const foot = [footOf(commit, runUrl, `${page} · values marked as sensitive are hidden`)];
  const blocks = [
    section("Checks", plan.checks.map(checkLine)),
    section("No longer marked as sensitive: later plans and logs show these values", exposedLines(plan)),
    ...groups.open.map(({ title, lines }) => section(title, lines)),
    folded(
      counts(groups.folded),
      groups.folded.flatMap(({ title, lines }) => [`**${title}**`, "", ...lines, ""]).slice(0, -1),
    ),
    foldedDiff("Changed outside of Terraform", plan.drift.flatMap(paragraphOf)),
    foldedDiff("Full plan", fullText(plan)),
  ].filter(({ content }: Block) => content.length > 0);
  const body = cutTo(
    blocks,
    limit - [...head, ...foot].join("\n").length - 1,
    (missing) => `Cut: ${missing} lines don't fit here. The log of [this run](${runUrl}) has the whole plan.`,
  );
  if (body === undefined)
    throw new Problem(
      `The report of the plan of ${environment} does not fit into ${limit} characters: it destroys ${losses.length} ` +
        "resources that can't be made again, and none of them may be left out.",
      "Split the change into several pull requests.",
    );
  return [...head, ...body, ...foot].join("\n");
}

/** Lines of objections that are shown; one already refuses the plan. */
const MOST_OBJECTIONS = 20;

/** Says in place of a plan why there is none. */
export function refusal(
  objections: readonly string[],
  { environment, commit, runUrl, key }: Omit<ReportProps, "limit" | "title">,
): string {
  const shown = objections
    .slice(0, MOST_OBJECTIONS)
    .map((text) => `- ${code(text.slice(0, MOST_CHARACTERS))}`);
  return [
    markerOf(environment),
    changesLine({ environment, commit, changes: [], refused: true }, key),
    `### No plan of \`${environment}\``,
    "",
    "The role that plans can read secrets of the state, so it plans nothing of this kind before the merge:",
    "",
    ...shown,
    ...(objections.length > shown.length ? [`- and ${objections.length - shown.length} more`] : []),
    "",
    "After the merge the deployment plans, and waits for an approval.",
    "",
    footOf(commit, runUrl, ""),
  ].join("\n");
}

const verbOf = ({ actions }: ValueChange) =>
  actions.includes("forget") ? "forgotten" : actions.length > 1 ? "replaced" : "destroyed";

function checkLine({ address, status, instances }: Plan["checks"][number]): string {
  const messages = instances.flatMap(({ problems }) => problems.map(({ message }) => code(message)));
  const state =
    status === "unknown"
      ? "known after the apply"
      : status === "fail"
        ? "**fails**"
        : "**ends with an error**";
  return `- ${code(address.to_display)}: ${[state, ...messages].join(": ")}`;
}

/** Values that lose their mark: their text appears in plans and logs from then on. */
function exposedLines({ resources, exposedOutputs }: Plan): string[] {
  const exposed = (name: string, { before_sensitive, after, after_sensitive, before }: ValueChange) => {
    if (before === null || before === undefined || after === null || after === undefined) return [];
    const hidden = pathsOf(after_sensitive);
    return pathsOf(before_sensitive)
      .filter((path) => !hidden.some((other) => other.every((key, index) => key === path[index])))
      .filter((path) => valueAt(after, path) !== undefined)
      .map((path) => `- ${code(name)}${path.length ? `: ${code(path.join("."))}` : ""}`);
  };
  return [
    ...resources.flatMap((resource) => exposed(nameOf(resource), resource.change)),
    ...exposedOutputs.map((name) => `- ${code(`output ${name}`)}`),
  ];
}

const valueAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => field(inner, String(key)), value);

function fullText(plan: Plan): string[] {
  const outputs = Object.entries(plan.outputs).flatMap(([name, change]) => differences(change, name));
  return [...plan.resources.flatMap(paragraphOf), ...(outputs.length ? paragraph("outputs", outputs) : [])];
}

const paragraphOf = (resource: ResourceChange) =>
  paragraph(
    `${nameOf(resource)}: ${[...resource.change.actions, ...reasons(resource)].join(", ")}`,
    differences(resource.change),
  );

/** The signs stand at the start of the line, because GitHub colours the line by them. */
const paragraph = (title: string, lines: readonly string[]) =>
  [`# ${title}`, ...lines.map((text) => `${text[0]}   ${text.slice(2)}`), ""].map((text) =>
    text.replaceAll("\n", " "),
  );
