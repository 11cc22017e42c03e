import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as z from "zod";
import { banSchema, memberSchema, messageSchema, roomSchema } from "../../mcp-server/chat/model.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { applyMigrations } from "../../migrations/apply.ts";
import { Problem } from "../cli/problem.ts";
import { startDatabase } from "../local/database.ts";
import { addDemoData, agentUserId } from "../local/demo.ts";
import { freePort } from "../servers/free-port.ts";

const HOST = "127.0.0.1";
/** Time limit for the server to become healthy, half of the start period in its image. */
const START_TIMEOUT_MS = 30_000;
/** Time limit for the server to stop after SIGTERM. */
const STOP_TIMEOUT_MS = 20_000;

export interface Trial {
  /** Release that the server reports. */
  readonly version: string;
  /** Tools that were called, in this order. */
  readonly tools: readonly string[];
}

/**
 * Starts the built server on a PostgreSQL of its own with demo data. A client of the MCP SDK calls each of its tools, and
 * checks what changed.
 * @param command starts the server, which reads its configuration from environment variables as in the image
 * @throws Problem that names the tool that failed, or shows the output of a server that did not start
 */
export async function tryTools(command: readonly string[]): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), "phenom-chat-trial-"));
  // As root, PostgreSQL runs as another user, who needs access to this folder.
  await chmod(folder, 0o755);
  const database = await startDatabase(folder);
  try {
    await applyMigrations(database.connection);
    await addDemoData(database.connection);
    const { host, port, user, password, database: name } = database.connection;
    const server = await startServer(command, `postgres://${user}:${password}@${host}:${port}/${name}`);
    try {
      return await callAll(server.url);
    } finally {
      await server.stop();
    }
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startServer([program = "", ...args]: readonly string[], databaseUrl: string) {
  const port = await freePort();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      BACKEND_TYPE: "postgres",
      DATABASE_URL: databaseUrl,
      AGENT_USER_ID: agentUserId,
      HOST,
      PORT: String(port),
    },
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  let failure: string | undefined;
  child.on("error", (error) => {
    failure = error.message;
  });
  child.on("exit", (code, signal) => {
    failure ??= `it exited with ${code ?? signal}`;
  });

  const url = `http://${HOST}:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await healthy(url))) {
    if (failure === undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    await stop(child);
    throw new Problem(
      `${program} did not become a healthy server in ${START_TIMEOUT_MS / 1000} s (${failure ?? "it is running"}):\n${output.trim()}`,
    );
  }
  return { url, stop: () => stop(child) };
}

const healthy = (url: string) =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(force);
}

async function callAll(url: string): Promise<Trial> {
  const client = new Client({ name: "phenom-chat-pipeline", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  try {
    const { tools } = await client.listTools();
    const [listed, expected] = [tools, catalog].map((each) => each.map(({ name }) => name).sort());
    check(String(listed) === String(expected), `the server lists the tools ${listed}, expected ${expected}`);
    const called = await conversation(client);
    const missing = expected?.filter((name) => !called.includes(name));
    check(missing?.length === 0, `this test calls no ${missing}`);
    return { version: client.getServerVersion()?.version ?? "", tools: called };
  } finally {
    await client.close();
  }
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Problem(otherwise);
}

/** Its name on every backend. */
const COMMUNITY = "Phenom Community";
const messages = z.object({ messages: z.array(messageSchema) });

/**
 * Calls every tool at least once, and checks each by what another one returns. It needs a community room with somebody to
 * moderate.
 *
 * @returns the tools in the order of the calls
 * @throws Problem that names the tool that failed
 */
export async function conversation(client: Client): Promise<string[]> {
  const called: string[] = [];
  const call = async <T>(name: string, args: Record<string, unknown>, result: z.ZodType<T>): Promise<T> => {
    called.push(name);
    const { isError, structuredContent, content } = await client.callTool({ name, arguments: args });
    check(!isError, `${name} failed: ${JSON.stringify(content)}`);
    const { data, error } = result.safeParse(structuredContent);
    check(data !== undefined, `${name} returned something else than its schema: ${error?.message}`);
    return data;
  };

  const listed = await call("chat_list_rooms", {}, z.object({ rooms: z.array(roomSchema) }));
  const room_id = listed.rooms.find(({ name }) => name === COMMUNITY)?.id;
  check(room_id !== undefined, `chat_list_rooms lacks the room ${COMMUNITY}`);
  const { members } = await call(
    "chat_list_members",
    { room_id },
    z.object({ members: z.array(memberSchema) }),
  );
  const user_id = members.find(({ role, user_id }) => role === "user" && user_id !== agentUserId)?.user_id;
  check(user_id !== undefined, "chat_list_members lists nobody to moderate");

  const content = "A message of the release test";
  const { message } = await call(
    "chat_send_message",
    { room_id, content },
    z.object({ message: messageSchema }),
  );
  const newest = await call("chat_get_messages", { room_id, limit: 1 }, messages);
  check(newest.messages[0]?.id === message.id, "chat_get_messages does not start with the sent message");
  const found = await call("chat_search_messages", { query: "release test", room_id }, messages);
  check(
    found.messages.some(({ id }) => id === message.id),
    "chat_search_messages does not find the sent message",
  );
  await call("chat_delete_message", { message_id: message.id }, z.object({ success: z.literal(true) }));
  const left = await call("chat_get_messages", { room_id }, messages);
  check(
    left.messages.every(({ id }) => id !== message.id),
    "chat_delete_message did not delete the message",
  );

  const mute = z.object({ member: memberSchema });
  const muted = await call("chat_mute_user", { room_id, user_id, muted: true }, mute);
  check(muted.member.is_muted, "chat_mute_user did not mute");
  const heard = await call("chat_mute_user", { room_id, user_id, muted: false }, mute);
  check(!heard.member.is_muted, "chat_mute_user did not unmute");
  const { ban } = await call(
    "chat_ban_user",
    { room_id, user_id, reason: "test" },
    z.object({ ban: banSchema }),
  );
  check(ban.user_id === user_id, "chat_ban_user banned somebody else");
  await call("chat_unban_user", { room_id, user_id }, z.object({ success: z.literal(true) }));
  return called;
}
