import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import * as z from "zod";
import { tools } from "../../tools/setup/tools.ts";

const run = promisify(execFile);
const node = tools.node22.path("node");

/** What a client saw after it had signed in. */
interface Seen {
  readonly tools: readonly string[];
  /** The result of a call, in the client's own form. */
  readonly called: unknown;
}

type SignIn = (url: string, environment: Readonly<Record<string, string>>) => Promise<Seen>;

const seen = z.object({ tools: z.array(z.string()), called: z.unknown() });
const last = (stdout: string) => seen.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));

const script =
  (name: string, folder: string): SignIn =>
  async (url, env) =>
    last(
      (
        await run(node, ["test/mcp-clients/sign-in.mjs", name, folder, url], {
          env: { ...env },
          timeout: 60_000,
        })
      ).stdout,
    );

const python =
  (name: string, program: string): SignIn =>
  async (url, env) =>
    last(
      (await run(program, ["test/mcp-clients/sign_in.py", name, url], { env: { ...env }, timeout: 60_000 }))
        .stdout,
    );

/** Starts in place of a local server, and passes on what a client says to it. */
const mcpRemote: SignIn = async (url, env) => {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StdioClientTransport({
      command: node,
      args: [tools["mcp-clients"].path("mcp-remote"), url],
      env: { ...env },
      stderr: "ignore",
    }),
  );
  const listed = await client.listTools();
  const called = await client.callTool({ name: "chat_list_rooms", arguments: {} });
  await client.close();
  return { tools: listed.tools.map(({ name }) => name), called };
};

const inspector =
  (era: "legacy" | "modern"): SignIn =>
  async (url, env) => {
    const inspect = async (...args: string[]) => {
      const program = tools["mcp-clients"].path("inspector");
      const { stdout } = await run(
        node,
        [program, "--cli", url, "--transport", "http", "--protocol-era", era, ...args],
        {
          env: { ...env },
        },
      );
      return JSON.parse(stdout);
    };
    const listed = z
      .object({ tools: z.array(z.object({ name: z.string() })) })
      .parse(await inspect("--method", "tools/list"));
    const called = await inspect("--method", "tools/call", "--tool-name", "chat_list_rooms");
    return { tools: listed.tools.map(({ name }) => name), called };
  };

const frameworks = tools["agent-frameworks"].folder;
const pythonFrameworks = tools["agent-frameworks-python"].path("python");
const newPython = tools["mcp-clients-python"].path("python");

/** Clients that get the address and a browser, and nothing else. */
export const signInClients: Readonly<Record<string, SignIn>> = {
  "TypeScript SDK": script("TypeScript SDK", process.cwd()),
  ...Object.fromEntries(
    ["", ", negotiating", ", 2026-07-28 only"].map((mode) => [
      `TypeScript client 2${mode}`,
      script(`TypeScript client 2${mode}`, tools["mcp-clients"].folder),
    ]),
  ),
  "AI SDK": script("AI SDK", frameworks),
  LangChain: script("LangChain", frameworks),
  "Python SDK 1": python("Python SDK 1", pythonFrameworks),
  "LangChain for Python": python("LangChain for Python", pythonFrameworks),
  "openai-agents": python("openai-agents", pythonFrameworks),
  "Python SDK 2": python("Python SDK 2", newPython),
  FastMCP: python("FastMCP", newPython),
  "mcp-remote": mcpRemote,
  Inspector: inspector("legacy"),
  "Inspector, 2026-07-28 only": inspector("modern"),
};
