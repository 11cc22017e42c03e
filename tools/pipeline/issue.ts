import type { GitHub } from "./github.ts";

export interface Issue {
  /** First line of the issue, hidden, by which it is found again. */
  readonly marker: string;
  readonly title: string;
  /** `undefined` where there is nothing to say. */
  readonly body: string | undefined;
}

export type IssueChange = "issue opened" | "issue updated" | "issue closed" | "no issue";

/** Keeps one issue of a kind: opened when there is something to say, rewritten while there is, and then closed. */
export async function keepIssue(github: GitHub, { marker, title, body }: Issue): Promise<IssueChange> {
  const issue = (await github.openBotIssues()).find((open) => open.body.startsWith(marker));
  if (body === undefined) {
    if (!issue) return "no issue";
    await github.updateIssue(issue.number, { state: "closed" });
    return "issue closed";
  }
  const text = `${marker}\n${body}`;
  if (issue) await github.updateIssue(issue.number, { title, body: text });
  else await github.createIssue(title, text);
  return issue ? "issue updated" : "issue opened";
}
