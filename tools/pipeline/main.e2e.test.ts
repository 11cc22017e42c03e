import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { clone } from "../../test/clone.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { packageVersion } from "./release.ts";

const CHANGE = "### Security\n\n- A change that only this test knows.\n";

let checkout: string;
beforeAll(() => {
  checkout = clone("phenom-chat");
  // After a release nothing is unreleased: the tests bring a change of their own.
  const changelog = path.join(checkout, "CHANGELOG.md");
  writeFileSync(
    changelog,
    readFileSync(changelog, "utf8").replace("## [Unreleased]\n", `## [Unreleased]\n\n${CHANGE}\n`),
  );
  git("init", "--quiet", "--initial-branch=main");
  writeFileSync(path.join(checkout, ".git/info/exclude"), "node_modules\n.tools\n");
  git("config", "user.name", "Release Test");
  git("config", "user.email", "release@example.org");
  git("add", "--all");
  git("commit", "--quiet", "--message", "begin");
});
afterAll(() => rmSync(path.dirname(checkout), { recursive: true, force: true }));

function execute(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: checkout,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}
const git = (...args: string[]) => {
  const { status, stdout, stderr } = execute("git", args);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
};
const pipeline = (args: readonly string[], env?: Record<string, string>) =>
  execute("npm", ["run", "--silent", "pipeline", "--", ...args], env);

describe("npm run release", () => {
  const [major = 0, minor = 0] = packageVersion(".").split(".").map(Number);
  const version = `${major}.${minor + 1}.0`;

  it("refuses a working tree with changes, and keeps them", () => {
    writeFileSync(path.join(checkout, "README.md"), "changed");
    const { status, stderr } = execute("npm", ["run", "--silent", "release", "--", version]);
    expect(status).toBe(1);
    expect(stderr).toContain("The working tree has changes");
    git("checkout", "--quiet", "README.md");
  });

  it("commits the version and its section, and says what comes next", () => {
    const { status, stdout, stderr } = execute("npm", ["run", "--silent", "release", "--", version]);
    withMessage(stderr, () => expect(status).toBe(0));
    expect(stdout).toContain(`git tag v${version}`);
    expect(git("log", "-1", "--format=%s")).toBe(`chore(release): ${version}`);
    expect(git("show", "--name-only", "--format=").split("\n")).toEqual([
      "CHANGELOG.md",
      "package-lock.json",
      "package.json",
    ]);
    expect(git("status", "--porcelain")).toBe("");
  });

  it("leaves a commit whose own checks pass, and which can be released from again once there are changes", () => {
    const { status, stderr } = execute("npm", [
      "test",
      "--silent",
      "--",
      "tools/pipeline/release.test.ts",
      "--selectProjects",
      "unit",
    ]);
    withMessage(stderr, () => expect(status).toBe(0));
    const again = execute("npm", ["run", "--silent", "release", "--", `${major}.${minor + 2}.0`]);
    expect(again.stderr).toContain("there is nothing to release");
  });

  it("writes the release notes of its tag, and of no other", () => {
    const notes = pipeline(["release-notes", `v${version}`]);
    withMessage(notes.stderr, () => expect(notes.status).toBe(0));
    expect(notes.stdout).toContain(CHANGE.trim());
    expect(notes.stdout).not.toContain("## [");
    expect(pipeline(["release-notes", "v0.0.1"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("names another version"),
    });
  });
});

describe("the inputs of a plan", () => {
  it("are passed to later steps in GitHub's format, line breaks included", () => {
    const folder = path.join(checkout, "cdktf.out/stacks/development");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, "cdk.tf.json"),
      JSON.stringify({ variable: { content_query: {}, private_subnet_ids: {}, mcp_image_tag: {} } }),
    );
    const query = "query Phenom($id: String!) {\n  content\n}\nEOF\nTF_VAR_x=1";
    const file = path.join(checkout, "github-env");
    const { status, stdout, stderr } = pipeline(["inputs", "development"], {
      INPUTS: JSON.stringify({ content_query: query, private_subnet_ids: ["subnet-1"] }),
      IMAGE_TAGS: '{"synapse": "abc123", "mcp": "abc123"}',
      GITHUB_ENV: file,
    });
    withMessage(stderr, () => expect(status).toBe(0));
    expect(stdout).not.toContain("query Phenom");
    // A name, a delimiter that stands in no line of the value, the value, the delimiter again.
    const handed = [...readFileSync(file, "utf8").matchAll(/^(\w+)<<(\S+)\n(.*?)\n\2\n/gms)].map(
      ([, name, , value]) => [name, value],
    );
    expect(Object.fromEntries(handed)).toEqual({
      TF_VAR_content_query: query,
      TF_VAR_private_subnet_ids: '["subnet-1"]',
      TF_VAR_synapse_image_tag: "abc123",
      TF_VAR_mcp_image_tag: "abc123",
    });
  });

  it("require the synthesised stack and the image tag", () => {
    expect(
      pipeline(["inputs", "production"], { IMAGE_TAGS: '{"synapse": "a", "mcp": "a"}' }).stderr,
    ).toContain("cdktf.out/stacks/production/cdk.tf.json is missing: write it with npm run synth.");
    expect(pipeline(["inputs", "development"], { IMAGE_TAGS: "" }).stderr).toContain(
      "The environment variable IMAGE_TAGS is not set",
    );
  });
});
