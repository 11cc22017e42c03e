import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { environments } from "../environments/index.ts";
import { pipelineStack, platformStack } from "../environments/stack-names.ts";
import { tools } from "../tools/setup/tools.ts";
import { clone } from "./clone.ts";
import { itWith } from "./jest/describe-if.ts";

const synth = (cwd: string, env: NodeJS.ProcessEnv = {}, ...options: string[]) =>
  spawnSync("npm", ["run", "--silent", "synth", "--", ...options], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });

const files = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(folder, file), readFileSync(file).toString("base64")]),
  );

describe("npm run synth", () => {
  let one: string;
  let synthesised: ReturnType<typeof synth>;
  beforeAll(() => {
    one = clone("one");
    synthesised = synth(one, { TZ: "UTC" });
  });

  itWith("node22")(
    "writes the same bytes in two clones in different folders, also beside modules and examples, and on Node.js 22",
    () => {
      const two = clone("a-longer-name");
      const PATH = [path.dirname(tools.node22.path("node")), process.env["PATH"]].join(path.delimiter);
      const { status, stderr } = synth(two, { TZ: "Pacific/Auckland", PATH }, "--everything");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const stacks = (folder: string) => files(path.join(folder, "cdktf.out/stacks"));
      const [first, second] = [stacks(one), stacks(two)];
      expect(Object.keys(first)).toContain("development/cdk.tf.json");
      const isExample = (name: string) => name.startsWith("example-");
      expect(Object.fromEntries(Object.entries(second).filter(([name]) => !isExample(name)))).toEqual(first);
      expect(Object.keys(second).filter(isExample)).toEqual(
        expect.arrayContaining(["example-codemonet/cdk.tf.json", "example-faceplate/cdk.tf.json"]),
      );
      expect(readdirSync(path.join(two, "dist/modules")).sort()).toEqual([
        ...["chat-hasura-lite", "chat-link-preview", "chat-mcp-server", "chat-shared", "chat-synapse"],
      ]);
      for (const [name, content] of Object.entries(first))
        expect([name, Buffer.from(content, "base64").includes(path.dirname(one))]).toEqual([name, false]);
    },
  );

  it("prints one line for each stack and what to do next", () => {
    const { status, stdout, stderr } = synthesised;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(
      lines.map((line) => line.replace(/ +\d+ resources/, " N resources").replace(/ +\d+ ms$/, " N ms")),
    ).toEqual([
      ...environments.flatMap(({ environment }) =>
        [environment, platformStack(environment), pipelineStack(environment)].map((stack) =>
          expect.stringMatching(`^${stack} +N resources  cdktf.out/stacks/${stack}/cdk\\.tf\\.json +N ms$`),
        ),
      ),
      `Next: npm run plan -- ${environments.map(({ environment }) => environment).join("|")}`,
    ]);
  });

  it("prints every problem, writes nothing and exits with 1 if an environment is invalid", () => {
    const folder = clone("wrong");
    const file = path.join(folder, "environments/production.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace('adminAccess: "cognito"', 'adminAccess: "open"'));
    const { status, stderr } = synth(folder);
    expect(status).toBe(1);
    expect(stderr).toBe(
      "1 problem in the environments:\n" +
        '  production: adminAccess: "open" leaves Synapse\'s admin API to the internet: production takes cognito or closed\n',
    );
    expect(readdirSync(path.join(folder, "cdktf.out/stacks"), { recursive: true })).toEqual([]);
  });
});
