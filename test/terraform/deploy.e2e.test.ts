import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { StateStore } from "../../tools/terraform-offline/check/state-store.ts";
import { clone } from "../clone.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { TOOL } from "./offline.ts";

const checkout = clone("phenom-chat");
// They treat every stack alike, and this one is small and needs no inputs. The walk plans development with them.
const name = "pipeline-development";
const stack = path.join(checkout, "cdktf.out/stacks", name);

interface Result {
  readonly status: number | null;
  readonly output: string;
}

const npm = (...args: string[]) =>
  new Promise<Result>((resolve) => {
    const child = execFile(
      process.execPath,
      [TOOL, stack, "exec", "--", "npm", "run", "--silent", ...args],
      {
        cwd: checkout,
        env: {
          ...process.env,
          AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
          AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          CI: "1",
          FORCE_COLOR: "0",
        },
        maxBuffer: 64 * 1024 * 1024,
      },
      (_error, stdout, stderr) => resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });

// The registry is out of reach offline, so the lock file's checksums are not asked for.
const OFFLINE = "--skip-provider-lock";

describeWith("terraform", "cdktf")("the commands that CI runs, with state in memory in place of S3", () => {
  let store: StateStore;
  beforeAll(async () => {
    mkdirSync(stack, { recursive: true });
    store = await StateStore.start();
    store.serve(stack);
  });

  afterAll(() => store?.stop());

  it("npm run plan shows the resources to create, and npm run apply creates them", async () => {
    const { status, output } = await npm("plan", "--", name, OFFLINE);
    withMessage(output, () => expect(status).toBe(0));
    expect(output).toMatch(/Plan: \d+ to add, 0 to change, 0 to destroy\./);
    // Where the pipeline takes it from.
    expect(existsSync(path.join(stack, "plan"))).toBe(true);

    // The plan has checked and synthesised the same sources.
    const applied = await npm("apply", "--", name, "--auto-approve", "--skip-synth", OFFLINE);
    withMessage(applied.output, () => expect(applied.status).toBe(0));
    expect(applied.output).toContain("Apply complete!");
  });

  it("name the environments if the argument is missing or unknown", async () => {
    expect(await npm("plan")).toMatchObject({
      status: 2,
      output: expect.stringContaining("missing required argument 'stack'\nUsage: npm run plan -- <stack>"),
    });
    expect((await npm("apply", "--", "nowhere")).output).toContain(
      "value 'nowhere' is invalid for argument 'stack'. Allowed choices are development, ",
    );
  });
});
