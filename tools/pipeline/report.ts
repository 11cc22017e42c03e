import type { ResourceChange } from "../terraform/plan-json.ts";
import { changesOf, pack } from "./changes.ts";
import { differences } from "./difference.ts";
import { isReplacement, nameOf, type Plan } from "./plan.ts";

/** The most characters that GitHub allows in a comment. */
export const COMMENT_LIMIT = 65_536;

/** The most lines of a list before "and n more". */
const MAX_LISTED = 40;

const MARKER = "<!-- phenom-chat plan:";

/** The hidden first line that identifies the comment of an environment. */
export const markerOf = (environment: string) => `${MARKER} ${environment} -->`;

const CHANGES = /^<!-- phenom-chat changes: ([A-Za-z0-9+/=]+) -->$/m;

/** The packed changes that a report hides. */
export const changesIn = (report: string): string | undefined => CHANGES.exec(report)?.[1];

export interface ReportProps {
  readonly environment: string;
  readonly commit: string;
  /** Address of the run, whose log has the whole plan. */
  readonly runUrl: string;
  /** The most characters of the report. */
  readonly limit: number;
}

interface Group {
  readonly title: string;
  readonly verb: string;
  readonly resources: readonly ResourceChange[];
}

/** Deletions and replacements, which a reviewer must not miss; and the rest. */
function grouped({ resources }: Plan): { open: Group[]; folded: Group[] } {
  const [replaced, single] = [true, false].map((is) =>
    resources.filter(({ change }) => isReplacement(change) === is),
  );
  const group = (action: string, title: string, verb: string): Group => ({
    title,
    verb,
    resources: (single ?? []).filter(({ change }) => change.actions[0] === action),
  });
  const some = ({ resources }: Group) => resources.length > 0;
  return {
    open: [
      group("delete", "Destroyed", "to destroy"),
      { title: "Replaced", verb: "to replace", resources: replaced ?? [] },
      group("forget", "Forgotten: they stay, but Terraform no longer manages them", "to forget"),
    ].filter(some),
    folded: [
      group("update", "Changed", "to change"),
      group("create", "Added", "to add"),
      group("no-op", "Moved or imported", "to move or import"),
    ].filter(some),
  };
}

const counts = (groups: readonly Group[]) =>
  groups.map(({ resources, verb }) => `${resources.length} ${verb}`).join(", ");

/** A plan in Markdown: counts, deletions and replacements, the rest folded; the full text is cut to the limit. */
export function report(plan: Plan, { environment, commit, runUrl, limit }: ReportProps): string {
  const groups = grouped(plan);
  const listed = (shown: readonly Group[]) =>
    shown.flatMap(({ title, resources }) => [`**${title}**`, "", ...list(resources), ""]);

  const head = [
    markerOf(environment),
    `<!-- phenom-chat changes: ${pack(changesOf(plan))} -->`,
    `### Plan of \`${environment}\`: ${counts([...groups.open, ...groups.folded]) || "nothing to do"}`,
    "",
    ...listed(groups.open),
    ...(groups.folded.length ? folded(counts(groups.folded), listed(groups.folded)) : []),
  ];
  const foot = [`<sub>Commit ${commit} · [run](${runUrl}) · values marked as sensitive are hidden</sub>`];
  const room = limit - [...head, "", ...foot].join("\n").length;
  return [...head, ...fullText(plan, room, runUrl), ...foot].join("\n");
}

function list(resources: readonly ResourceChange[]): string[] {
  const lines = resources
    .slice(0, MAX_LISTED)
    .map((resource) => `- ${code(nameOf(resource))}${because(resource)}`);
  const more = resources.length - lines.length;
  return more ? [...lines, `- and ${more} more`] : lines;
}

/** What forces a replacement, or where a resource comes from. */
function because({ change, previous_address }: ResourceChange): string {
  const paths = [...new Set(change.replace_paths.map((path) => path.join(".")))];
  return [
    ...(paths.length ? [`forced by ${paths.map(code).join(", ")}`] : []),
    ...(previous_address === undefined ? [] : [`moved from ${code(previous_address)}`]),
    ...(change.importing === undefined ? [] : ["imported"]),
  ]
    .map((reason) => `: ${reason}`)
    .join("");
}

function fullText(plan: Plan, room: number, runUrl: string): string[] {
  const outputs = Object.entries(plan.outputs).flatMap(([name, change]) => differences(change, name));
  const lines = [
    ...plan.resources.flatMap((resource) =>
      paragraph(`${nameOf(resource)}: ${resource.change.actions.join(", ")}`, differences(resource.change)),
    ),
    ...(outputs.length ? paragraph("outputs", outputs) : []),
  ];
  if (lines.length === 0) return [];

  const fence = "`".repeat(longestRun(lines.join("\n")) + 3);
  const whole = folded("Full plan", [`${fence}diff`, ...lines, fence, ""]);
  if (whole.join("\n").length < room) return whole;
  const note = (kept: number) =>
    `Cut: ${lines.length - kept} of ${lines.length} lines don't fit here. The log of [this run](${runUrl}) has all of them.`;
  const wrapped = (kept: number) =>
    folded(`Full plan, its first ${kept} lines`, [
      `${fence}diff`,
      ...lines.slice(0, kept),
      fence,
      "",
      note(kept),
      "",
    ]);
  let spare = room - wrapped(lines.length).join("\n").length + lines.join("\n").length;
  let kept = 0;
  for (const line of lines) {
    spare -= line.length + 1;
    if (spare < 0) break;
    kept++;
  }
  return kept > 0 ? wrapped(kept) : [note(0), ""];
}

/** The signs stand at the start of the line, because GitHub colours the line by them. */
const paragraph = (title: string, lines: readonly string[]) => [
  `# ${title}`,
  ...lines.map((line) => `${line[0]}   ${line.slice(2)}`),
  "",
];

const folded = (summary: string, lines: readonly string[]) => [
  `<details><summary>${summary}</summary>`,
  "",
  ...lines,
  "</details>",
  "",
];

const longestRun = (text: string) => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));

/** `text` as inline code in Markdown, even if it holds backticks. */
function code(text: string): string {
  const ticks = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${ticks}${pad}${text}${pad}${ticks}`;
}
