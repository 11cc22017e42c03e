import * as z from "zod";
import { Problem } from "../cli/problem.ts";

/** Time limit of a request. */
const TIMEOUT_MS = 30_000;
/** The largest page that GitHub returns. */
const PER_PAGE = 100;
/** The account that a workflow's own token writes as. */
const BOT = "github-actions[bot]";

const comment = z.object({
  id: z.number(),
  body: z.string().default(""),
  user: z.object({ login: z.string() }).nullable(),
});
const pullRequest = z.object({
  number: z.number(),
  merged_at: z.string().nullable(),
  base: z.object({ ref: z.string() }),
  head: z.object({ sha: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
});
const deployment = z.object({ id: z.number(), sha: z.string() });
const issue = z.object({
  number: z.number(),
  body: z
    .string()
    .nullable()
    .transform((body) => body ?? ""),
  user: z.object({ login: z.string() }).nullable(),
});
const runs = z.object({
  workflow_runs: z.array(
    z.object({ head_sha: z.string(), status: z.string().nullable(), conclusion: z.string().nullable() }),
  ),
});
const comparison = z.object({ status: z.enum(["ahead", "behind", "diverged", "identical"]) });

interface MergedPullRequest {
  readonly number: number;
  /** Its last commit. */
  readonly head: string;
  /** Whether it comes from another repository, and therefore has no plan. */
  readonly fromFork: boolean;
}

interface CommitStatus {
  readonly context: string;
  readonly state: "success" | "failure";
  readonly description: string;
  /** The run that says more. */
  readonly target_url: string;
}

export interface GitHub {
  /** Comments that workflows wrote on a pull request, oldest first. People's comments are left out: they prove nothing. */
  botComments(pullRequest: number): Promise<readonly { readonly id: number; readonly body: string }[]>;
  createComment(pullRequest: number, body: string): Promise<void>;
  updateComment(id: number, body: string): Promise<void>;
  /** The merged pull request that brought `commit` to `branch`; `undefined` if there is none. */
  mergedPullRequest(commit: string, branch: string): Promise<MergedPullRequest | undefined>;
  /** Commits whose deployment to an environment began, the newest first. */
  deployedCommits(environment: string): Promise<readonly string[]>;
  /** Open issues that workflows wrote. */
  openBotIssues(): Promise<readonly { readonly number: number; readonly body: string }[]>;
  createIssue(title: string, body: string): Promise<void>;
  updateIssue(
    number: number,
    change: { readonly title?: string; readonly body?: string; readonly state?: "closed" },
  ): Promise<void>;
  /** Conclusion, or else status, of the newest run of a workflow for a commit that was pushed to `main`. */
  workflowRun(file: string, commit: string): Promise<string | undefined>;
  /** Tag of the newest release; `undefined` if there is none. */
  newestRelease(): Promise<string | undefined>;
  /** Sets the status `context` of a commit. */
  setStatus(commit: string, status: CommitStatus): Promise<void>;
  /** How `commit` relates to `base`: `behind` where `base` has it and more. */
  compare(base: string, commit: string): Promise<"ahead" | "behind" | "diverged" | "identical">;
}

export interface GitHubProps {
  /** Such as `https://api.github.com`. */
  readonly apiUrl: string;
  readonly token: string;
  /** Such as `owner/name`. */
  readonly repository: string;
}

/** The requests of GitHub's REST API that the pipeline needs. */
export function gitHub({ apiUrl, token, repository }: GitHubProps): GitHub {
  async function call(method: string, url: string, body?: object): Promise<Response> {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return response;
    const said = z.object({ message: z.string() }).safeParse(await response.json().catch(() => undefined));
    throw new Problem(
      `GitHub answered ${response.status} to ${method} ${new URL(url).pathname}: ${said.data?.message ?? "no reason"}. ` +
        "On 403 or 404 the job lacks a permission: docs/pipeline.md lists them.",
    );
  }

  const at = (path: string) => `${apiUrl}/repos/${repository}/${path}`;

  async function all<T>(path: string, item: z.ZodType<T>): Promise<T[]> {
    const items: T[] = [];
    const separator = path.includes("?") ? "&" : "?";
    for (let page = 1; ; page++) {
      const response = await call("GET", at(`${path}${separator}per_page=${PER_PAGE}&page=${page}`));
      const found = z.array(item).parse(await response.json());
      items.push(...found);
      if (found.length < PER_PAGE) return items;
    }
  }

  return {
    botComments: async (number) =>
      (await all(`issues/${number}/comments`, comment)).filter(({ user }) => user?.login === BOT),
    createComment: async (number, body) => {
      await call("POST", at(`issues/${number}/comments`), { body });
    },
    updateComment: async (id, body) => {
      await call("PATCH", at(`issues/comments/${id}`), { body });
    },
    mergedPullRequest: async (commit, branch) => {
      const merged = (await all(`commits/${commit}/pulls`, pullRequest)).find(
        ({ merged_at, base }) => merged_at !== null && base.ref === branch,
      );
      return (
        merged && {
          number: merged.number,
          head: merged.head.sha,
          fromFork: merged.head.repo?.full_name !== repository,
        }
      );
    },
    deployedCommits: async (environment) => {
      const response = await call("GET", at(`deployments?environment=${environment}&per_page=${PER_PAGE}`));
      return z
        .array(deployment)
        .parse(await response.json())
        .map(({ sha }) => sha);
    },
    openBotIssues: async () =>
      (await all("issues?state=open", issue)).filter(({ user }) => user?.login === BOT),
    createIssue: async (title, body) => {
      await call("POST", at("issues"), { title, body });
    },
    updateIssue: async (number, change) => {
      await call("PATCH", at(`issues/${number}`), change);
    },
    workflowRun: async (file, commit) => {
      const query = `branch=main&event=push&head_sha=${commit}&per_page=1`;
      const response = await call("GET", at(`actions/workflows/${file}/runs?${query}`));
      const [run] = runs.parse(await response.json()).workflow_runs;
      return run && (run.conclusion ?? run.status ?? "unknown");
    },
    newestRelease: async () => {
      // The newest comes first; drafts have no tag that anybody pushed.
      const response = await call("GET", at(`releases?per_page=${PER_PAGE}`));
      const found = z
        .array(z.object({ tag_name: z.string(), draft: z.boolean(), prerelease: z.boolean() }))
        .parse(await response.json());
      return found.find(({ draft, prerelease }) => !draft && !prerelease)?.tag_name;
    },
    setStatus: async (commit, status) => {
      await call("POST", at(`statuses/${commit}`), status);
    },
    compare: async (base, commit) => {
      const response = await call("GET", at(`compare/${base}...${commit}?per_page=1`));
      return comparison.parse(await response.json()).status;
    },
  };
}
