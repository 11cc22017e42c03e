import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type GitHubServer,
  HEAD,
  MERGED,
  OPEN,
  PULL_REQUEST,
  startGitHub,
} from "../../test/pipeline/github-server.ts";
import { checkCandidate } from "./candidate.ts";
import { pack } from "./changes.ts";
import { type GitHub, gitHub } from "./github.ts";
import { refusal } from "./report.ts";
import { publish, reviewedBefore } from "./review.ts";
import { sign } from "./signature.ts";
import { checkNotOlder } from "./stale.ts";

let server: GitHubServer;
let api: GitHub;
beforeEach(async () => {
  server = await startGitHub();
  api = gitHub(server);
});
afterEach(() => server.stop());

const reviewed = (environment: string, names: readonly string[], commit = HEAD) => ({
  environment,
  commit,
  changes: names.map((name) => ({ name, origin: [], actions: "update", hash: "AAAAAAAAAAAA", unknown: [] })),
});
const KEY = "0123456789abcdef".repeat(4);
const planned = (environment: string, names: readonly string[], text = "", commit = HEAD, key = KEY) =>
  `<!-- phenom-chat plan: ${environment} -->\n` +
  `<!-- phenom-chat changes: ${sign(pack(reviewed(environment, names, commit)), key)} -->\n${text}`;

describe("the plan on a pull request", () => {
  it("is one comment for each environment, which each run overwrites", async () => {
    await publish(api, PULL_REQUEST, "development", planned("development", [], "first"));
    await publish(api, PULL_REQUEST, "production", planned("production", [], "other"));
    await publish(api, PULL_REQUEST, "development", planned("development", [], "second"));
    expect(server.comments.map(({ body }) => body.split("\n").at(-1))).toEqual(["second", "other"]);
  });

  it("is found after more comments than fit on one page", async () => {
    for (let i = 0; i < 120; i++) server.say("ada", `comment ${i}`);
    await publish(api, PULL_REQUEST, "development", planned("development", [], "first"));
    await publish(api, PULL_REQUEST, "development", planned("development", [], "second"));
    expect(server.comments).toHaveLength(121);
    expect(server.comments.at(-1)?.body).toContain("second");
  });

  it("never overwrites a person's comment, whatever it starts with", async () => {
    server.say("mallory", planned("development", []));
    await publish(api, PULL_REQUEST, "development", planned("development", [], "the plan"));
    expect(server.comments.map(({ user }) => user.login)).toEqual(["mallory", "github-actions[bot]"]);
  });
});

describe("the reviewed changes of a commit", () => {
  it("are those that its merged pull request showed last", async () => {
    await publish(api, PULL_REQUEST, "development", planned("development", ["a.a"]));
    await publish(api, PULL_REQUEST, "development", planned("development", ["a.b"]));
    expect(await reviewedBefore(api, MERGED, "main", "development", KEY)).toEqual({
      source: `pull request #${PULL_REQUEST}`,
      review: reviewed("development", ["a.b"]),
    });
  });

  it("are not read from a person's comment", async () => {
    server.say("mallory", planned("development", ["a.b"]));
    await expect(reviewedBefore(api, MERGED, "main", "development", KEY)).rejects.toThrow(
      "Pull request #7 shows no plan of development",
    );
  });

  it.each([
    ["that was pushed to the branch itself", "c".repeat(40)],
    ["whose pull request is open", OPEN],
  ])("do not exist for a commit %s", async (_, commit) => {
    await expect(reviewedBefore(api, commit, "main", "development", KEY)).rejects.toThrow(
      `No merged pull request brought ${commit} to main, so nobody reviewed its plan.`,
    );
  });

  it("do not exist when the pull request went to another branch", async () => {
    await expect(reviewedBefore(api, MERGED, "next", "development", KEY)).rejects.toThrow("to next");
  });

  it("are refused when they are of another commit than the last of the pull request", async () => {
    await publish(api, PULL_REQUEST, "development", planned("development", ["a.b"], "", OPEN));
    await expect(reviewedBefore(api, MERGED, "main", "development", KEY)).rejects.toThrow(
      `What pull request #7 showed is a plan of commit ${OPEN}, and ${HEAD} is what came in.`,
    );
  });

  it("are refused when they are of another environment", async () => {
    const other = pack(reviewed("production", ["a.b"]));
    server.say(
      "github-actions[bot]",
      `<!-- phenom-chat plan: development -->\n<!-- phenom-chat changes: ${sign(other, KEY)} -->`,
    );
    await expect(reviewedBefore(api, MERGED, "main", "development", KEY)).rejects.toThrow(
      "is a plan of production, not of development",
    );
  });

  it("may be that a fork has no plan, and then an approval is needed", async () => {
    server.opener.repository = "ada/phenom-chat";
    expect(await reviewedBefore(api, MERGED, "main", "development", KEY)).toEqual({
      source: "pull request #7",
      skipped: true,
    });
  });

  it("may be that the plan was refused, and then an approval is needed", async () => {
    const source = { environment: "development", commit: HEAD, runUrl: "https://example.org", key: KEY };
    await publish(api, PULL_REQUEST, "development", refusal(["module: is not allowed"], source));
    expect(await reviewedBefore(api, MERGED, "main", "development", KEY)).toEqual({
      source: "pull request #7",
      skipped: true,
    });
  });

  it("are not those of a comment that another workflow wrote, which a branch can bring along", async () => {
    const foreign = planned("development", ["a.b"], "", HEAD, "f".repeat(64));
    server.say("github-actions[bot]", foreign);
    await expect(reviewedBefore(api, MERGED, "main", "development", KEY)).rejects.toThrow(
      "The plan of development on pull request #7 was not signed with this REVIEW_KEY.",
    );
    server.say("github-actions[bot]", planned("development", ["a.c"]));
    expect(await reviewedBefore(api, MERGED, "main", "development", KEY)).toMatchObject({
      review: { changes: [{ name: "a.c" }] },
    });
  });

  it("are refused when the list is damaged", async () => {
    server.say(
      "github-actions[bot]",
      `<!-- phenom-chat plan: development -->\n<!-- phenom-chat changes: ${sign("AAAA", KEY)} -->`,
    );
    await expect(reviewedBefore(api, MERGED, "main", "development", KEY)).rejects.toThrow("is damaged");
  });
});

describe("a commit to deploy", () => {
  const [first, second, third] = ["1", "2", "3"].map((digit) => digit.repeat(40)) as [string, string, string];
  beforeEach(() => {
    server.history.push(first, second, third);
  });

  it("may be the first, the same again, or a later one", async () => {
    await checkNotOlder(api, second, "development");
    server.deployments.push({ environment: "development", sha: second });
    await checkNotOlder(api, second, "development");
    await checkNotOlder(api, third, "development");
  });

  it("may not be older than one whose deployment began, as in an old run that is started again", async () => {
    server.deployments.push(
      { environment: "development", sha: second },
      { environment: "development", sha: first },
    );
    server.deployments.push({ environment: "production", sha: third });
    await expect(checkNotOlder(api, first, "development")).rejects.toThrow(
      `development: ${first} is older than ${second}, whose deployment began already.`,
    );
    await checkNotOlder(api, second, "development");
  });
});

describe("a release", () => {
  it("is cut from a commit whose deployment to development is green", async () => {
    server.runs.set(MERGED, "success");
    await checkCandidate(api, MERGED);
    server.runs.set(MERGED, "failure");
    await expect(checkCandidate(api, MERGED)).rejects.toThrow("to development is not green: failure");
    await expect(checkCandidate(api, OPEN)).rejects.toThrow(`${OPEN} was never deployed to development`);
  });
});

it("an error of GitHub is shown with its reason and without the token", async () => {
  const refused = gitHub({ ...server, token: "ghs_wrong" }).botComments(PULL_REQUEST);
  await expect(refused).rejects.toThrow(
    "GitHub answered 401 to GET /repos/Phenom-earth/phenom-chat/issues/7/comments: Bad credentials",
  );
  await expect(refused).rejects.not.toThrow("ghs_wrong");
});
