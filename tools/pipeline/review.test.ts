import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type GitHubServer,
  MERGED,
  OPEN,
  PULL_REQUEST,
  startGitHub,
} from "../../test/pipeline/github-server.ts";
import { pack } from "./changes.ts";
import { type GitHub, gitHub } from "./github.ts";
import { publish, reviewedChanges } from "./review.ts";

let server: GitHubServer;
let api: GitHub;
beforeEach(async () => {
  server = await startGitHub();
  api = gitHub(server);
});
afterEach(() => server.stop());

const planned = (environment: string, changes: readonly string[], text = "") =>
  `<!-- phenom-chat plan: ${environment} -->\n<!-- phenom-chat changes: ${pack(changes)} -->\n${text}`;

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
    await publish(api, PULL_REQUEST, "development", planned("development", ["a.b: create"]));
    await publish(api, PULL_REQUEST, "development", planned("development", ["a.b: update"]));
    expect(await reviewedChanges(api, MERGED, "main", "development")).toEqual({
      source: `pull request #${PULL_REQUEST}`,
      changes: ["a.b: update"],
    });
  });

  it("are not read from a person's comment", async () => {
    server.say("mallory", planned("development", ["a.b: delete"]));
    await expect(reviewedChanges(api, MERGED, "main", "development")).rejects.toThrow(
      "Pull request #7 shows no plan of development",
    );
  });

  it.each([
    ["that was pushed to the branch itself", "c".repeat(40)],
    ["whose pull request is open", OPEN],
  ])("do not exist for a commit %s", async (_, commit) => {
    await expect(reviewedChanges(api, commit, "main", "development")).rejects.toThrow(
      `No merged pull request brought ${commit} to main, so nobody reviewed its plan.`,
    );
  });

  it("do not exist when the pull request went to another branch", async () => {
    await expect(reviewedChanges(api, MERGED, "next", "development")).rejects.toThrow("to next");
  });

  it("are refused when the list is damaged", async () => {
    server.say(
      "github-actions[bot]",
      "<!-- phenom-chat plan: development -->\n<!-- phenom-chat changes: AAAA -->",
    );
    await expect(reviewedChanges(api, MERGED, "main", "development")).rejects.toThrow("is damaged");
  });
});

it("an error of GitHub is shown with its reason and without the token", async () => {
  const refused = gitHub({ ...server, token: "ghs_wrong" }).botComments(PULL_REQUEST);
  await expect(refused).rejects.toThrow(
    "GitHub answered 401 to GET /repos/Phenom-earth/phenom-chat/issues/7/comments: Bad credentials",
  );
  await expect(refused).rejects.not.toThrow("ghs_wrong");
});
