import { spawn } from "node:child_process";
import { realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith } from "../../test/jest/describe-if.ts";
import { emptyFolder, folderOf, writeConfiguration } from "../../test/terraform/configuration.ts";
import { runTool, TOOL } from "../../test/terraform/tool.ts";

const reattach = z.record(z.string(), z.object({ Addr: z.object({ String: z.string() }) }));

/** Runs a shell command in `cwd`, with relative file names looked up in `folder`. */
const shell = (script: string, cwd: string, folder = cwd) =>
  runTool([folder, "exec", "--", "sh", "-ec", script], { cwd });

describeWith("terraform")("exec", () => {
  it("runs a command in the current folder and tells it where the providers are", async () => {
    const folder = emptyFolder();
    const { stdout } = await shell(
      'pwd; echo "$CHECKPOINT_DISABLE"; cat "$TF_CLI_CONFIG_FILE"; echo "$TF_REATTACH_PROVIDERS"',
      folder,
    );
    const [cwd = "", checkpoint, providers = ""] = stdout.trim().split("\n");
    expect(realpathSync(cwd)).toBe(realpathSync(folder));
    expect(checkpoint).toBe("1");
    expect(reattach.parse(JSON.parse(providers))).toHaveProperty(["registry.terraform.io/hashicorp/aws"]);
  });

  it("looks up relative file names in its folder", async () => {
    const assets = emptyFolder();
    writeFileSync(path.join(assets, "code.zip"), "x");
    const configuration = folderOf({
      resource: {
        aws_lambda_function: {
          f: {
            function_name: "f",
            role: "arn:aws:iam::123456789012:role/r",
            runtime: "nodejs22.x",
            handler: "i.h",
            filename: "code.zip",
          },
        },
      },
    });
    const { output } = await shell(
      '"$TF_OFFLINE_TERRAFORM" init >/dev/null; "$TF_OFFLINE_TERRAFORM" apply -auto-approve -no-color',
      configuration,
      assets,
    );
    expect(output).toContain("Apply complete! Resources: 1 added");
  });

  it.each([
    ["exit 7", 7],
    ["kill -KILL $$", 137],
  ])("exits as `%s` does", async (script, code) => {
    expect((await shell(script, emptyFolder())).code).toBe(code);
  });

  it("needs no folder that exists", async () => {
    const folder = emptyFolder();
    expect((await shell("exit 0", folder, path.join(folder, "not-there-yet"))).code).toBe(0);
  });

  it("exits with 127 if there is no such command", async () => {
    const { code, output } = await runTool([".", "exec", "--", "no-such-program-here"]);
    expect(code).toBe(127);
    expect(output).toBe("terraform-offline: no-such-program-here: not found\n");
  });

  it.each([
    ["SIGTERM", 5],
    ["SIGINT", 6],
    ["SIGHUP", 8],
  ] as const)("passes %s on", async (signal, code) => {
    const program =
      'for (const [s, c] of [["SIGTERM", 5], ["SIGINT", 6], ["SIGHUP", 8]]) process.on(s, () => process.exit(c));' +
      'setInterval(() => {}, 1000); console.log("ready")';
    const child = spawn(process.execPath, [TOOL, ".", "exec", "--", process.execPath, "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.once("data", () => child.kill(signal));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(code);
  });
});

describeWith("terraform")("any other command", () => {
  const configuration = (tag: string, name: string) => ({
    resource: {
      aws_cloudwatch_log_group: { g: { name, tags: { v: tag } } },
      random_password: { p: { length: 9 } },
    },
    output: {
      arn: { value: "${aws_cloudwatch_log_group.g.arn}" },
      length: { value: "${nonsensitive(length(random_password.p.result))}" },
    },
  });

  it("runs terraform in the folder: apply, update in place, replace, destroy", async () => {
    const folder = folderOf(configuration("1", "/a"));
    const terraform = (...args: string[]) => runTool([folder, ...args]);
    const apply = async () => expect(await terraform("apply", "-auto-approve")).toMatchObject({ code: 0 });
    const plan = () => terraform("plan", "-detailed-exitcode", "-no-color");

    expect(await terraform("init", "-no-color")).toMatchObject({ code: 0 });
    await apply();
    expect(JSON.parse((await terraform("output", "-json")).stdout)).toMatchObject({
      arn: { value: "arn:aws:logs:us-east-1:123456789012:log-group:/a" },
      length: { value: 9 },
    });
    expect(await plan()).toMatchObject({ code: 0 });

    writeConfiguration(folder, configuration("2", "/a"));
    expect(await plan()).toMatchObject({
      code: 2,
      output: expect.stringContaining("0 to add, 1 to change, 0 to destroy"),
    });
    await apply();

    writeConfiguration(folder, configuration("2", "/b"));
    const { output } = await plan();
    expect(output).toContain("1 to add, 0 to change, 1 to destroy");
    expect(output).toContain("forces replacement");
    await apply();
    expect(await plan()).toMatchObject({ code: 0 });
    expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
  });
});
