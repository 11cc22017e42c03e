import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** What is not made anew where the sources are the same: the bundled programs, and what the last check of types found. */
const BUILT = ["build/programs", "build/tsconfig.tsbuildinfo"];

/** A checkout of the repository in a folder of this name, with links to the installed packages. */
export function clone(name: string): string {
  const root = process.cwd();
  const folder = path.join(mkdtempSync(path.join(tmpdir(), "phenom-chat-")), name);
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  for (const file of [...files.split("\n"), ...BUILT].filter((file) => file && existsSync(file)))
    cpSync(path.join(root, file), path.join(folder, file), {
      recursive: true,
      preserveTimestamps: true,
      // A program that another process is writing has the number of the process at its name's end.
      filter: (source) => !/\.mjs\.\d+$/.test(source),
    });
  for (const packages of ["node_modules", ".tools"])
    if (existsSync(packages)) symlinkSync(path.join(root, packages), path.join(folder, packages));
  return folder;
}
