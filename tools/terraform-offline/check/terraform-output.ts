import * as z from "zod";
import type { ProgramResult } from "../programs.ts";

const snippet = z.object({
  context: z.string().nullish(),
  code: z.string(),
  start_line: z.number(),
  highlight_start_offset: z.number().default(0),
  values: z.array(z.object({ traversal: z.string(), statement: z.string() })).nullish(),
});

const diagnostic = z.object({
  severity: z.string(),
  summary: z.string(),
  detail: z.string().default(""),
  address: z.string().optional(),
  range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).nullish(),
  snippet: snippet.nullish(),
});

/** An error or warning, as Terraform prints it with `-json`. */
export type TerraformDiagnostic = z.infer<typeof diagnostic>;

/** One line of `terraform plan -json` and others. Most events say nothing that is needed here. */
const event = z.union([
  z.object({ type: z.literal("diagnostic"), diagnostic }),
  z.object({
    type: z.literal("change_summary"),
    "@message": z.string(),
    changes: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.string() }),
]);

/** What a Terraform command had to say. */
export interface Report {
  readonly diagnostics: readonly TerraformDiagnostic[];
  readonly summary: string;
  /** What it printed beside that. */
  readonly rest: string;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the output of a command that was run with `-json`. */
export function reportOf({ stdout, stderr }: ProgramResult): Report {
  const diagnostics: TerraformDiagnostic[] = [];
  let [summary, rest] = ["", stderr];
  for (const line of stdout.split("\n").filter(Boolean)) {
    const read = event.safeParse(json(line));
    if (!read.success) rest += `${line}\n`;
    else if ("diagnostic" in read.data) diagnostics.push(read.data.diagnostic);
    else if ("changes" in read.data)
      summary = isEmptyPlan(read.data.changes) ? "No changes." : read.data["@message"];
  }
  return { diagnostics, summary, rest };
}

const isEmptyPlan = ({ operation, ...counts }: Readonly<Record<string, unknown>>) =>
  operation === "plan" && Object.values(counts).every((count) => !count);

/** Lines of code that are shown whole. */
const SHORT_CODE = 300;

const codeLines = ({ code, highlight_start_offset: highlight }: z.infer<typeof snippet>): string[] => {
  if (code.length <= SHORT_CODE) return code.split("\n");
  const start = Math.max(0, highlight - 120);
  return [code.slice(start, start + SHORT_CODE)];
};

/** In the words and the order of Terraform's own display. */
export function display({
  severity,
  summary,
  detail,
  address,
  range,
  snippet: code,
}: TerraformDiagnostic): string {
  const location: string[] = [];
  if (address !== undefined) location.push(`  with ${address},`);
  if (range) {
    const context = code?.context ? `, in ${code.context}` : "";
    location.push(`  on ${range.filename} line ${range.start.line}${context}:`);
  }
  if (code) {
    const lines = codeLines(code);
    location.push(...lines.map((line, i) => `  ${String(code.start_line + i).padStart(4)}: ${line}`));
    for (const { traversal, statement } of code.values ?? []) location.push(`    ${traversal} ${statement}`);
  }
  const title = `${severity === "warning" ? "Warning" : "Error"}: ${summary}`;
  return [title, location.join("\n"), detail].filter(Boolean).join("\n\n");
}

export const oneLine = ({ address, summary, detail, range }: TerraformDiagnostic): string =>
  [
    address === undefined ? "" : `${address}: `,
    summary,
    detail ? `: ${detail.replace(/\s+/g, " ")}` : "",
    range ? ` (${range.filename} line ${range.start.line})` : "",
  ].join("");

/** Equal for the same warning from several steps, wherever the line is. */
export const identityOf = ({ summary, detail, address, snippet: code }: TerraformDiagnostic): string =>
  JSON.stringify([summary, detail, address, code?.context]);

const values = z.record(z.string(), z.unknown()).nullish();

const plan = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        change: z.object({
          actions: z.array(z.string()),
          before: values,
          after: values,
          after_unknown: values,
          replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
        }),
      }),
    )
    .default([]),
});

export type ResourceChange = z.infer<typeof plan>["resource_changes"][number];

/** What `terraform show -json` prints of a plan. */
export const changesOf = (text: string): ResourceChange[] => plan.parse(JSON.parse(text)).resource_changes;
