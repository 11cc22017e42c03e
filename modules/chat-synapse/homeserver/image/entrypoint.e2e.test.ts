import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { stringify } from "yaml";
import { describeWithSynapse } from "../../../../test/describe-with-synapse.ts";
import { synapseVersion } from "../../../../tools/images/catalog.ts";
import {
  drawSecrets,
  drawSigningKey,
  entrypoint,
  exampleProps,
  giveToSynapse,
  imageUser,
  localise,
  synapsePython,
} from "../../../../tools/servers/synapse.ts";
import { workerConfig } from "../../workers/workers.ts";
import { homeserverConfig } from "../config.ts";
import { containerPaths, SYNAPSE_UID } from "../container.ts";
import { logConfig } from "../log-config.ts";

const user = imageUser.uid ?? process.getuid?.();

describeWithSynapse("the entrypoint", () => {
  let container: string;
  let environment: Record<string, string>;
  let config: ReturnType<typeof localise>;

  beforeEach(async () => {
    container = await mkdtemp(join(tmpdir(), "phenom-entrypoint-"));
    await chmod(container, 0o755);
    const [runDirectory, mediaDirectory] = [join(container, "run"), join(container, "media")];
    await mkdir(runDirectory, { mode: 0o700 });
    await mkdir(mediaDirectory);
    await giveToSynapse(runDirectory);
    await giveToSynapse(mediaDirectory);
    config = localise(homeserverConfig(exampleProps), {
      ...{ runDirectory, mediaDirectory },
      ...{ port: 1, metricsPort: 2 },
    });
    environment = {
      ...drawSecrets(),
      SYNAPSE_CONFIG_YAML: stringify(config),
      SYNAPSE_LOG_CONFIG_YAML: stringify(logConfig()),
      SYNAPSE_CONFIG_PATH: join(runDirectory, "homeserver.yaml"),
    };
  });
  afterEach(() => rm(container, { recursive: true, force: true }));

  /** Its exit code and everything it printed. */
  function start(changes: Record<string, string | undefined> = {}, command: readonly string[] = []) {
    const env = Object.fromEntries(
      Object.entries({ ...environment, ...changes }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
    const { status, stdout, stderr } = spawnSync(synapsePython, [entrypoint, ...command], {
      ...imageUser,
      env: { PATH: process.env["PATH"], ...env },
      encoding: "utf8",
      timeout: 30_000,
    });
    return { code: status, output: stdout + stderr };
  }
  const broken = (change: (copy: typeof config) => unknown) => stringify(change(structuredClone(config)));

  /** A configuration that the entrypoint takes, and that ends Synapse at once. */
  const refusedBySynapse = () => ({
    SYNAPSE_CONFIG_YAML: broken((copy) => ({
      ...copy,
      oidc_providers: copy.oidc_providers.map((provider) => ({ ...provider, issuer: 7 })),
    })),
  });

  const variables = [
    "SYNAPSE_CONFIG_YAML",
    "SYNAPSE_LOG_CONFIG_YAML",
    "SYNAPSE_SIGNING_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_FORM_SECRET",
    "SYNAPSE_DATABASE_PASSWORD",
    "SYNAPSE_OIDC_CLIENT_SECRET",
  ];

  describe.each(variables)("prints one line and exits with 64", (name) => {
    it.each([
      ["missing", undefined],
      ["empty", ""],
      ["blank", " \n"],
    ])(`when ${name} is %s`, (_, value) => {
      expect(start({ [name]: value })).toEqual({
        code: 64,
        output: `entrypoint: the environment variable ${name} is missing or empty\n`,
      });
    });
  });

  describe("prints one line and exits with 65", () => {
    it.each([
      "SYNAPSE_CONFIG_YAML",
      "SYNAPSE_LOG_CONFIG_YAML",
    ])("when %s is broken YAML, naming the position and not the text", (name) => {
      const { code, output } = start({ [name]: "good: 1\nbad: [secret\n" });
      expect(code).toBe(65);
      expect(output).toMatch(new RegExp(`^entrypoint: ${name} is no YAML: line 3, column 1: [^\n]+\n$`));
      expect(output).not.toContain("secret");
    });

    it.each([
      ["a list", "- a\n", "list"],
      ["a text", "hello\n", "str"],
    ])("when SYNAPSE_CONFIG_YAML holds %s", (_, yaml, kind) => {
      expect(start({ SYNAPSE_CONFIG_YAML: yaml })).toEqual({
        code: 65,
        output: `entrypoint: SYNAPSE_CONFIG_YAML must hold a mapping of settings, and holds a ${kind}\n`,
      });
    });

    it("when the YAML would create Python objects", () => {
      const { code, output } = start({
        SYNAPSE_CONFIG_YAML: '!!python/object/apply:os.system ["touch /tmp/x"]',
      });
      expect(code).toBe(65);
      expect(output.trimEnd()).not.toContain("\n");
    });

    it.each([
      ["without a key id", `ed25519 ${"A".repeat(43)}`],
      ["with padding", `ed25519 a_1 ${"A".repeat(43)}=`],
      ["that is too short", `ed25519 a_1 ${"A".repeat(42)}`],
      ["of another kind", `rsa a_1 ${"A".repeat(43)}`],
    ])("with a signing key %s, which it does not print", (_, key) => {
      const { code, output } = start({ SYNAPSE_SIGNING_KEY: key });
      expect(code).toBe(65);
      expect(output).toBe(
        "entrypoint: SYNAPSE_SIGNING_KEY must read: ed25519 <key id> <43 characters of base64 without padding>\n",
      );
    });

    it.each<[string, (copy: typeof config) => unknown]>([
      ["signing_key_path", (copy) => ({ ...copy, signing_key_path: undefined })],
      ["database.args.passfile", (copy) => ({ ...copy, database: { name: "psycopg2" } })],
      ["oidc_providers.0.client_secret_path", (copy) => ({ ...copy, oidc_providers: [] })],
      ["form_secret_path", (copy) => ({ ...copy, form_secret_path: "relative/form" })],
      ["media_store_path", (copy) => ({ ...copy, media_store_path: 7 })],
    ])("when the configuration's %s is no absolute path", (setting, change) => {
      const { code, output } = start({ SYNAPSE_CONFIG_YAML: broken(change) });
      expect(code).toBe(65);
      expect(output).toMatch(
        new RegExp(
          `^entrypoint: SYNAPSE_CONFIG_YAML: the setting ${setting} must be an absolute path, and is [^\n]+\n$`,
        ),
      );
    });
  });

  describe("prints one line and exits with 73", () => {
    it("when its folder is missing", async () => {
      await rm(join(container, "run"), { recursive: true });
      const { code, output } = start();
      expect(code).toBe(73);
      expect(output).toMatch(/^entrypoint: \S+ can't be written: No such file or directory\n$/);
    });

    it("when its folder is a file", async () => {
      await rm(join(container, "run"), { recursive: true });
      await writeFile(join(container, "run"), "");
      const { code, output } = start();
      expect(code).toBe(73);
      expect(output).toMatch(/^entrypoint: \S+ can't be written: Not a directory\n$/);
    });

    it("when the media store is missing", async () => {
      await rm(join(container, "media"), { recursive: true });
      const { code, output } = start();
      expect(code).toBe(73);
      expect(output).toMatch(
        /^entrypoint: the media store \S+ is not there or can't be written by user \d+\n$/,
      );
    });

    it("when it may not write to the media store", async () => {
      await chmod(join(container, "media"), 0o500);
      const { code, output } = start();
      expect(code).toBe(73);
      expect(output).toContain(`can't be written by user ${user}\n`);
    });
  });

  describe("given a command", () => {
    it("runs it instead of Synapse, as the same user, without the secrets in its environment", () => {
      const { code, output } = start({}, ["sh", "-c", "id -u; env; exit 7"]);
      expect(code).toBe(7);
      expect(output.split("\n")[0]).toBe(String(user));
      expect(output).not.toContain(environment["SYNAPSE_FORM_SECRET"]);
    });

    it("exits with 65 if there is no such program", () => {
      expect(start({}, ["no-such-program"])).toEqual({
        code: 65,
        output: expect.stringMatching(/^entrypoint: no-such-program can't be run by user \d+: /),
      });
    });
  });

  describe("with a worker's configuration", () => {
    const asWorker = (change: (copy: typeof config) => unknown = (copy) => copy) => ({
      SYNAPSE_CONFIG_YAML: broken((copy) => ({
        ...Object(change(copy)),
        worker_replication_secret_path: join(container, "run", "replication_secret"),
      })),
      SYNAPSE_WORKER_YAML: stringify(workerConfig({ kind: "sync", name: "sync-1" }, false)),
      SYNAPSE_REPLICATION_SECRET: "a secret",
    });

    it("starts that worker with the shared configuration and its own", async () => {
      const { code, output } = start(asWorker());
      expect(code).toBe(1);
      // It asks for what only a worker needs.
      expect(output).toContain("Missing data for a worker to connect to main process");
      expect(await readFile(join(container, "run", "worker.yaml"), "utf8")).toContain("worker_name: sync-1");
      expect(await readFile(join(container, "run", "replication_secret"), "utf8")).toBe("a secret\n");
    });

    it.each(["SYNAPSE_WORKER_YAML", "SYNAPSE_REPLICATION_SECRET"])("exits with 64 if %s is empty", (name) => {
      expect(start({ ...asWorker(), [name]: "" })).toEqual({
        code: 64,
        output: `entrypoint: the environment variable ${name} is missing or empty\n`,
      });
    });

    it("exits with 65 if its configuration is no mapping", () => {
      expect(start({ ...asWorker(), SYNAPSE_WORKER_YAML: "sync-1" })).toEqual({
        code: 65,
        output: "entrypoint: SYNAPSE_WORKER_YAML must hold a mapping of settings, and holds a str\n",
      });
    });

    it("needs the media store only if it serves media", async () => {
      await rm(join(container, "media"), { recursive: true });
      expect(start(asWorker()).code).toBe(1);
      const elsewhere = asWorker((copy) => ({ ...copy, enable_media_repo: false }));
      expect(start(elsewhere).code).toBe(1);
      const media = stringify(workerConfig({ kind: "media", name: "media-1" }, false));
      expect(start({ ...elsewhere, SYNAPSE_WORKER_YAML: media }).code).toBe(73);
    });
  });

  it("gives Synapse a folder for temporary files that only it can read and write", async () => {
    start(refusedBySynapse());
    const { mode, uid } = await stat(join(container, "run", "tmp"));
    expect([mode & 0o777, uid]).toEqual([0o700, user]);
  });

  it("replaces its files when it starts again, also after an interrupted start", async () => {
    start(refusedBySynapse());
    await writeFile(join(container, "run", "signing.key.new"), "half a", { mode: 0o400 });
    const key = drawSigningKey("a_2");
    start({ ...refusedBySynapse(), SYNAPSE_SIGNING_KEY: key });
    expect(await readFile(join(container, "run", "signing.key"), "utf8")).toBe(`${key}\n`);
    expect(existsSync(join(container, "run", "signing.key.new"))).toBe(false);
  });

  it("writes nothing before everything is checked", () => {
    start({ SYNAPSE_FORM_SECRET: "" });
    expect(existsSync(join(container, "run", "homeserver.yaml"))).toBe(false);
    expect(existsSync(join(container, "run", "signing.key"))).toBe(false);
  });

  it("starts Synapse, which names a setting that it refuses", () => {
    const { code, output } = start(refusedBySynapse());
    expect(code).toBe(1);
    expect(output.trim()).toBe(
      "Error in configuration at 'oidc_providers.<item 0>.issuer':\n  7 is not of type 'string'",
    );
  });

  it("runs the version of Synapse that the image is built from", async () => {
    const { stdout } = spawnSync(synapsePython, [
      "-c",
      "import importlib.metadata as m; print(m.version('matrix-synapse'))",
    ]);
    expect(String(stdout).trim()).toBe(synapseVersion());
  });

  it("is what the image starts, as the user who owns the paths that it writes to", async () => {
    const dockerfile = await readFile(join(import.meta.dirname, "Dockerfile"), "utf8");
    const paths = [containerPaths.media, containerPaths.run];
    expect(dockerfile).toContain(
      `--owner=${SYNAPSE_UID} --group=${SYNAPSE_UID} --mode=0700 ${paths.join(" ")}`,
    );
    expect(dockerfile).toContain(
      `USER ${SYNAPSE_UID}:${SYNAPSE_UID}\nVOLUME ${JSON.stringify(paths).replace(",", ", ")}`,
    );
    const target = /^COPY --chmod=0555 entrypoint\.py (\S+)$/m.exec(dockerfile)?.[1];
    expect(dockerfile).toContain(`ENTRYPOINT ["${target}"]`);
  });
});
