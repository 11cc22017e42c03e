import { type ChildProcess, execFile, spawn } from "node:child_process";
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

/** A container that the OCI runtime runs. */
export class Container {
  readonly exit: Promise<Exit>;
  readonly lines: string[] = [];
  readonly id: string;
  readonly #runc: ChildProcess;

  /**
   * @param id unique on this machine
   * @param spec its OCI runtime configuration
   * @param folder of its own: configuration and log
   */
  constructor(id: string, spec: object, folder: string) {
    this.id = id;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "config.json"), JSON.stringify(spec), { mode: 0o600 });
    this.#runc = spawn("runc", ["run", "--bundle", folder, id], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#runc.stdout, this.#runc.stderr])
      if (stream)
        createInterface({ input: stream }).on("line", (line) => {
          this.lines.push(line);
          appendFileSync(path.join(folder, "log"), `${line}\n`);
        });
    this.exit = once(this.#runc, "close").then(([code, signal]) => {
      rmSync(path.join(folder, "config.json"), { force: true });
      return { code: typeof code === "number" ? code : signal === "SIGKILL" ? 137 : 143 };
    });
  }

  /** Runs a command in the container. @returns its exit code; 124 where it took longer than `timeoutSeconds` */
  exec(command: readonly string[], timeoutSeconds: number): Promise<number> {
    return new Promise((resolve) => {
      execFile("runc", ["exec", this.id, ...command], { timeout: timeoutSeconds * 1000 }, (error) => {
        if (!error) return resolve(0);
        resolve(error.killed ? 124 : typeof error.code === "number" ? error.code : 1);
      });
    });
  }

  /** SIGTERM, and SIGKILL after the definition's stop timeout. */
  async stop(stopTimeoutSeconds: number): Promise<Exit> {
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
    // It may have ended by itself in the meantime.
    spawn("runc", ["kill", this.id, name], { stdio: "ignore" });
  }
}
