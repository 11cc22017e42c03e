import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** How a container ended. */
export interface Exit {
  /** 128 and the signal's number where a signal ended it, as ECS reports it. */
  readonly code: number;
}

const TIMED_OUT = 124;
/** Lines of a container's log that are kept in memory. */
const KEPT_LINES = 10_000;

/** A container that the OCI runtime runs. */
export class Container {
  readonly exit: Promise<Exit>;
  /** The end of its log. */
  readonly lines: string[] = [];
  /** What `exit` resolves to, once it has. */
  exited: Exit | undefined;
  readonly id: string;
  readonly #runc: ChildProcess;
  readonly #root: string;

  /**
   * @param id unique in its stage
   * @param spec its OCI runtime configuration; holds secrets and is on disk only until the runtime has read it
   * @param folder of its own
   * @param runcRoot where the runtime keeps the state of the stage's containers
   */
  constructor(id: string, spec: object, folder: string, runcRoot: string) {
    this.id = id;
    this.#root = runcRoot;
    mkdirSync(folder, { recursive: true });
    const configuration = path.join(folder, "config.json");
    writeFileSync(configuration, JSON.stringify(spec), { mode: 0o600 });
    this.#runc = spawn("runc", ["--root", runcRoot, "run", "--bundle", folder, id], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#runc.stdout, this.#runc.stderr])
      if (stream)
        createInterface({ input: stream }).on("line", (line) => {
          this.lines.push(line);
          if (this.lines.length > KEPT_LINES) this.lines.shift();
          appendFileSync(path.join(folder, "log"), `${line}\n`);
        });
    this.exit = once(this.#runc, "close").then(([code, signal]) => {
      rmSync(configuration, { force: true });
      this.exited = { code: typeof code === "number" ? code : signal === "SIGKILL" ? 137 : 143 };
      return this.exited;
    });
  }

  /** Runs a command in the container as its user. @returns its exit code; 124 if it takes longer than `timeoutSeconds` */
  exec(command: readonly string[], timeoutSeconds: number): Promise<number> {
    return new Promise((resolve) => {
      const options = { timeout: timeoutSeconds * 1000, killSignal: "SIGKILL" } as const;
      execFile("runc", ["--root", this.#root, "exec", this.id, ...command], options, (error) => {
        if (!error) return resolve(0);
        resolve(error.killed ? TIMED_OUT : typeof error.code === "number" ? error.code : 1);
      });
    });
  }

  /** SIGTERM, and SIGKILL after the definition's stop timeout. */
  async stop(stopTimeoutSeconds: number): Promise<Exit> {
    if (this.exited) return this.exited;
    this.#signal("TERM");
    const waiting = new AbortController();
    const ended = await Promise.race([
      this.exit,
      delay(stopTimeoutSeconds * 1000, undefined, { signal: waiting.signal }).catch(() => undefined),
    ]);
    waiting.abort();
    if (!ended) this.#signal("KILL");
    return this.exit;
  }

  kill(): Promise<Exit> {
    this.#signal("KILL");
    return this.exit;
  }

  #signal(name: "TERM" | "KILL"): void {
    try {
      execFileSync("runc", ["--root", this.#root, "kill", this.id, name], { stdio: "ignore" });
    } catch {
      // It ended by itself in the meantime.
    }
  }
}
