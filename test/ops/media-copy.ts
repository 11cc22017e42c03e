import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { close, listen } from "../../tools/servers/listening.ts";
import { synapsePython } from "../../tools/servers/synapse.ts";

/** A command of docs/adopting.md; the page indents it by four. */
function command(pattern: RegExp): string {
  const [, text] = pattern.exec(readFileSync("docs/adopting.md", "utf8").replace(/^ {4}/gm, "")) ?? [];
  if (text === undefined) throw new Error(`docs/adopting.md has no command like ${pattern}`);
  return text;
}

/** Prints what a session prints: lines of its own around the command's output, which comes through a terminal. */
const SESSION = `#!/bin/sh
while [ "$1" != --command ]; do shift; done
printf '\\nThe Session Manager plugin was installed successfully.\\n\\nStarting session with SessionId: ecs-1\\r\\n'
sh -c "$2" | sed 's/$/\\r/'
printf '\\r\\nExiting session with sessionId: ecs-1.\\n\\n'
`;

/** Saves the media in \`from\` with the page's commands. @returns the archive */
export async function savedMedia(from: string, folder: string): Promise<string> {
  writeFileSync(path.join(folder, "aws"), SESSION, { mode: 0o755 });
  const save = command(/^(aws ecs execute-command.*\n.*tar[\s\S]*?gzip -t media\.tgz)$/m)
    .replace("<id>", "1")
    .replace("/data/media_store", from);
  await promisify(execFile)("bash", ["-euo", "pipefail", "-c", save], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}` },
  });
  return path.join(folder, "media.tgz");
}

/** Gives an archive to a new Synapse, whose media store is \`to\`, with the page's program. */
export async function unpackMedia(archive: string, to: string): Promise<void> {
  const program = command(/python3 -c '([^']+)'/).replace("/media", to);
  const server = createServer((_, response) => response.end(readFileSync(archive)));
  const url = `http://127.0.0.1:${await listen(server)}/media.tgz?X-Amz-Expires=3600`;
  await promisify(execFile)(synapsePython, ["-c", program, url]);
  await close(server);
}
