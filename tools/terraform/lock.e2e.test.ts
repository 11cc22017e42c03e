import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "@jest/globals";
import { App } from "cdktf";
import { zipSync } from "fflate";
import { environments } from "../../environments/index.ts";
import { stacksOf } from "../../environments/stack-names.ts";
import { synthesise } from "../../stacks/synthesise.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { LOCK_FILE, lockedProviders, placeLock, READ_ONLY_LOCK, updateLock } from "./lock.ts";

const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const mirror = path.join(folder, "mirror");
const stack = path.join(folder, "stack");
const settings = path.join(folder, "terraform.rc");

/** A package of a provider in the mirror, as the registry has it for each platform. */
function publish(source: string, version: string, content = "program"): void {
  const place = path.join(mirror, "registry.terraform.io", source);
  const name = path.basename(source);
  mkdirSync(place, { recursive: true });
  for (const platform of ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"])
    writeFileSync(
      path.join(place, `terraform-provider-${name}_${version}_${platform}.zip`),
      zipSync({
        [`terraform-provider-${name}_v${version}`]: [Buffer.from(content), { os: 3, attrs: 0o755 << 16 }],
      }),
    );
}

const init = () =>
  promisify(execFile)(
    "terraform",
    [`-chdir=${stack}`, "init", "-backend=false", READ_ONLY_LOCK, "-no-color"],
    {
      env: { ...process.env, CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: settings },
    },
  ).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );

describeWith("terraform")("the lock file of a stack", () => {
  const lock = path.join(stack, LOCK_FILE);
  const update = () => updateLock(stack, lock, [`-fs-mirror=${mirror}`]);

  it("gets the newest versions that the stack allows, with a checksum for each platform", async () => {
    mkdirSync(stack, { recursive: true });
    writeFileSync(settings, `provider_installation {\n  filesystem_mirror { path = "${mirror}" }\n}\n`);
    const required_providers = { aws: { source: "aws", version: "~> 6.27" } };
    writeFileSync(path.join(stack, "cdk.tf.json"), JSON.stringify({ terraform: { required_providers } }));
    for (const version of ["6.27.0", "6.28.0", "7.0.0"]) publish("hashicorp/aws", version);
    await update();
    const locked = lockedProviders(readFileSync(lock, "utf8")).get("registry.terraform.io/hashicorp/aws");
    expect(locked).toMatchObject({ version: "6.28.0", constraints: "~> 6.27" });
    expect(locked?.hashes.length).toBeGreaterThan(0);
  });

  it("keeps Terraform at its version when there is a newer one", async () => {
    publish("hashicorp/aws", "6.29.0");
    expect(await init()).toContain("Installed hashicorp/aws v6.28.0");
  });

  it("stops Terraform when a provider has another content than it had", async () => {
    rmSync(path.join(stack, ".terraform"), { recursive: true });
    publish("hashicorp/aws", "6.28.0", "another program");
    expect(await init()).toContain("doesn't match any of the checksums");
  });

  it("fits what each stack requires, as Terraform reads it", async () => {
    const outdir = path.join(folder, "cdktf.out");
    synthesise(new App({ outdir, stackTraces: false, skipValidation: true }), environments);
    for (const { environment } of environments)
      for (const name of stacksOf(environment)) {
        const source = path.join(outdir, "stacks", name, "cdk.tf.json");
        writeFileSync(path.join(stack, "cdk.tf.json"), readFileSync(source));
        placeLock(environment, stack);
        const text = readFileSync(lock, "utf8");
        for (const [provider, { version }] of lockedProviders(text))
          publish(provider.replace("registry.terraform.io/", ""), version);
        // Without a network every version but the locked one would fail.
        writeFileSync(lock, text.replaceAll(/ {2}hashes = \[\n(?: {4}.*\n)* {2}\]\n/g, ""));
        rmSync(path.join(stack, ".terraform"), { recursive: true, force: true });
        expect(await init()).toContain("successfully initialized");
      }
  });
});
