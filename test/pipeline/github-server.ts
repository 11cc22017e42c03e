import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { components, paths } from "@octokit/openapi-types";
import * as z from "zod";
import { close, listen } from "../../tools/servers/listening.ts";

// The types that the pipeline reads, from GitHub's own description of its API.
type Schemas = components["schemas"];
type Comment = Required<Pick<Schemas["issue-comment"], "id" | "body">> & {
  readonly user: Pick<NonNullable<Schemas["issue-comment"]["user"]>, "login">;
};
type PullRequest = Pick<Schemas["pull-request-simple"], "number" | "merged_at"> & {
  readonly base: Pick<Schemas["pull-request-simple"]["base"], "ref">;
  readonly head: Pick<Schemas["pull-request-simple"]["head"], "sha"> & {
    readonly repo: { readonly full_name: string };
  };
};
type Release = Pick<Schemas["release"], "tag_name" | "draft" | "prerelease">;
type Status = Pick<Schemas["status"], "context" | "state" | "description" | "target_url">;
type Deployment = Pick<Schemas["deployment"], "id" | "sha" | "environment">;

type Issue = Pick<Schemas["issue"], "number" | "title" | "state"> & {
  body: string;
  readonly user: { readonly login: string };
};
const issueChange = z.strictObject({
  title: z.string().optional(),
  body: z.string().max(65_536).optional(),
  state: z.enum(["open", "closed"]).optional(),
});

/** The parameters of a path that fits the template. */
function parameters(template: keyof paths, path: string): Readonly<Record<string, string>> | undefined {
  const pattern = template.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${pattern}$`).exec(path)?.groups;
}

export interface GitHubServer {
  readonly apiUrl: string;
  readonly token: string;
  readonly repository: string;
  /** Comments of pull request 7, oldest first. */
  readonly comments: Comment[];
  /** Commits of `main`, oldest first. */
  readonly history: string[];
  /** Deployments, oldest first. */
  readonly deployments: Omit<Deployment, "id">[];
  readonly issues: Issue[];
  /** The repository of the branch of pull request 7. */
  readonly opener: { repository: string };
  /** Releases, the newest first. */
  readonly releases: Release[];
  /** Statuses by commit, oldest first. */
  readonly statuses: Map<string, Status[]>;
  /** Conclusions of the workflow `deploy.yml` by commit. */
  readonly runs: Map<string, string>;
  /** Requests as `METHOD path`, in order. */
  readonly requests: string[];
  /** Merges pull request 7, whose last commit is `head`, to `main` as `commit`. */
  merge(commit: string, head: string): void;
  /** Adds a comment to pull request 7. */
  say(login: string, body: string): void;
  stop(): Promise<void>;
}

/** The only pull request, and the commit that it was merged as. */
export const PULL_REQUEST = 7;
export const MERGED = "a".repeat(40);
/** The last commit of its branch. */
export const HEAD = "d".repeat(40);
/** A commit of an open pull request. */
export const OPEN = "b".repeat(40);

const BOT = "github-actions[bot]";
const LIMIT = 65_536;

/** A fake of GitHub's REST API with what the pipeline uses: pages, authentication, and the length limit of a comment. */
export async function startGitHub(): Promise<GitHubServer> {
  const [token, repository] = ["ghs_test", "Phenom-earth/phenom-chat"];
  const comments: Comment[] = [];
  const requests: string[] = [];
  const history: string[] = [];
  const issues: Issue[] = [];
  const runs: GitHubServer["runs"] = new Map();
  const deployments: GitHubServer["deployments"] = [];
  const say = (login: string, body: string) => {
    comments.push({ id: 1000 + comments.length, body, user: { login } });
  };
  const merge = (commit: string, head: string) => {
    commits[commit] = "2026-11-21T10:00:00Z";
    heads[commit] = head;
    history.push(commit);
  };
  const heads: Record<string, string> = {};
  const pull = (merged_at: string | null, commit: string): PullRequest => ({
    number: PULL_REQUEST,
    merged_at,
    base: { ref: "main" },
    head: { sha: heads[commit] ?? HEAD, repo: { full_name: opener.repository } },
  });
  const releases: Release[] = [];
  const opener = { repository };
  const statuses: GitHubServer["statuses"] = new Map();
  const commits: Record<string, string | null> = { [MERGED]: "2026-11-21T10:00:00Z", [OPEN]: null };

  async function answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    requests.push(`${request.method} ${pathname}`);
    if (request.headers.authorization !== `Bearer ${token}`) return [401, { message: "Bad credentials" }];
    if (request.headers.accept !== "application/vnd.github+json") return [415, { message: "Unsupported" }];
    const page = (items: readonly unknown[]): [number, unknown] => {
      const size = Number(searchParams.get("per_page") ?? 30);
      const from = (Number(searchParams.get("page") ?? 1) - 1) * size;
      return [200, items.slice(from, from + size)];
    };
    const body = async () => {
      return z.strictObject({ body: z.string().max(LIMIT) }).safeParse(JSON.parse(await text(request))).data
        ?.body;
    };
    const tooLong: [number, unknown] = [
      422,
      { message: "Validation Failed: body is too long (maximum is 65536 characters)" },
    ];

    const found = (template: keyof paths) => {
      const { owner, repo, ...rest } = parameters(template, pathname) ?? {};
      return `${owner}/${repo}` === repository ? rest : undefined;
    };

    const issue = found("/repos/{owner}/{repo}/issues/{issue_number}/comments");
    if (Number(issue?.["issue_number"]) === PULL_REQUEST) {
      if (request.method === "GET") return page(comments);
      const said = await body();
      if (said === undefined) return tooLong;
      say(BOT, said);
      return [201, comments.at(-1)];
    }
    const id = found("/repos/{owner}/{repo}/issues/comments/{comment_id}")?.["comment_id"];
    const comment = comments.find((each) => each.id === Number(id));
    if (comment && request.method === "PATCH") {
      const said = await body();
      if (said === undefined) return tooLong;
      comment.body = said;
      return [200, comment];
    }
    const commit = found("/repos/{owner}/{repo}/commits/{commit_sha}/pulls")?.["commit_sha"];
    if (commit) {
      const merged_at = commits[commit];
      return page(merged_at === undefined ? [] : [pull(merged_at, commit)]);
    }
    if (
      found("/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs")?.["workflow_id"] === "deploy.yml"
    ) {
      const head_sha = searchParams.get("head_sha") ?? "";
      const conclusion = runs.get(head_sha);
      return [200, { workflow_runs: conclusion ? [{ head_sha, status: "completed", conclusion }] : [] }];
    }
    if (found("/repos/{owner}/{repo}/issues")) {
      if (request.method === "GET")
        return page(issues.filter(({ state }) => state === searchParams.get("state")));
      const { title = "", body: said = "" } = issueChange.parse(JSON.parse(await text(request)));
      issues.push({ number: 100 + issues.length, title, body: said, state: "open", user: { login: BOT } });
      return [201, issues.at(-1)];
    }
    const number = found("/repos/{owner}/{repo}/issues/{issue_number}")?.["issue_number"];
    const known = issues.find((each) => each.number === Number(number));
    if (known && request.method === "PATCH") {
      Object.assign(known, issueChange.parse(JSON.parse(await text(request))));
      return [200, known];
    }
    if (found("/repos/{owner}/{repo}/deployments")) {
      const of = deployments.filter(({ environment }) => environment === searchParams.get("environment"));
      return page(of.map((each, id) => ({ ...each, id })).reverse());
    }
    if (found("/repos/{owner}/{repo}/releases")) return page(releases);
    const sha = found("/repos/{owner}/{repo}/statuses/{sha}")?.["sha"];
    if (sha && request.method === "POST") {
      const status: Status = JSON.parse(await text(request));
      statuses.set(sha, [...(statuses.get(sha) ?? []), status]);
      return [201, status];
    }
    const [base, head] = (found("/repos/{owner}/{repo}/compare/{basehead}")?.["basehead"] ?? "").split("...");
    if (base && head) {
      const [from, to] = [history.indexOf(base), history.indexOf(head)];
      if (from < 0 || to < 0) return [404, { message: "Not Found" }];
      return [200, { status: from === to ? "identical" : from < to ? "ahead" : "behind" }];
    }
    return [404, { message: "Not Found" }];
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ([status, value]) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    apiUrl: `http://127.0.0.1:${await listen(server)}`,
    token,
    repository,
    comments,
    history,
    deployments,
    runs,
    opener,
    releases,
    statuses,
    issues,
    requests,
    merge,
    say,
    stop: () => close(server),
  };
}
