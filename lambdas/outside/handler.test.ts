import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createCertificate } from "../../tools/servers/internet.ts";
import { close, listen } from "../../tools/servers/listening.ts";
import { certificateDays, domainDays } from "./expiry.ts";
import { handler } from "./handler.ts";

type Line = Readonly<Record<string, unknown>>;

let site: Server;
let origin: string;
let answers: Record<string, { status?: number; body: unknown }>;
let lines: Line[];
const { write } = process.stdout;
const before = { ...process.env };

beforeEach(async () => {
  answers = {
    "GET /_matrix/client/versions": { body: { versions: ["v1.11"] } },
    "POST /api/graphql": { body: { errors: [{ extensions: { code: "access-denied" } }] } },
    "GET /mcp/health": { body: { status: "healthy" } },
    "GET /rdap/example.org": {
      body: {
        events: [
          { eventAction: "expiration", eventDate: new Date(Date.now() + 40.5 * 86_400_000).toISOString() },
        ],
      },
    },
  };
  site = createServer(({ method, url }, response) => {
    const answer = answers[`${method} ${url}`];
    response.writeHead(answer ? (answer.status ?? 200) : 404).end(JSON.stringify(answer?.body ?? {}));
  });
  origin = `http://127.0.0.1:${await listen(site)}`;
  Object.assign(process.env, {
    ENVIRONMENT: "development",
    SERVER_NAME: "chat.example.org",
    VERSIONS_URL: `${origin}/_matrix/client/versions`,
    GRAPHQL_URL: `${origin}/api/graphql`,
    MCP_HEALTH_URL: `${origin}/mcp/health`,
  });
  lines = [];
  process.stdout.write = (text) => {
    lines.push(JSON.parse(String(text)));
    return true;
  };
});
afterEach(async () => {
  process.stdout.write = write;
  process.env = { ...before };
  await close(site);
});

const invoke = (event: unknown) =>
  handler(event, { awsRequestId: "1", getRemainingTimeInMillis: () => 30_000 });
const reached = () =>
  Object.fromEntries(lines.flatMap(({ Target, Reachable }) => (Target ? [[Target, Reachable]] : [])));

describe("every minute", () => {
  it("asks A, B and the MCP server, and counts each that answers as reachable", async () => {
    await invoke({ measure: "reach" });
    expect(reached()).toEqual({ a: 1, b: 1, agents: 1 });
    expect(lines.at(-1)).toMatchObject({ Outcome: "measured" });
  });

  it.each([
    ["an error", { status: 503, body: {} }],
    ["Cloudflare's page in its place", { body: { page: "checking your browser" } }],
    ["a redirect", { status: 302, body: {} }],
  ])("counts %s as unreachable, and says why", async (_, answer) => {
    answers["GET /_matrix/client/versions"] = answer;
    await invoke({ measure: "reach" });
    expect(reached()).toEqual({ a: 0, b: 1, agents: 1 });
    expect(lines.find(({ Target }) => Target === "a")?.message).not.toBe("answers");
  });

  it("counts everything as unreachable that nobody listens to", async () => {
    await close(site);
    await invoke({ measure: "reach" });
    expect(reached()).toEqual({ a: 0, b: 0, agents: 0 });
    site = createServer();
    await listen(site);
  });

  it("does not ask an implementation that is off", async () => {
    delete process.env.GRAPHQL_URL;
    await invoke({ measure: "reach" });
    expect(reached()).toEqual({ a: 1, agents: 1 });
  });
});

describe("what expires", () => {
  it("reads the days of the certificate that a host shows", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "phenom-outside-"));
    // It is valid for two days.
    const server = createTlsServer(await createCertificate(folder, ["localhost"]));
    const port = await listen(server);
    expect(await certificateDays("localhost", port)).toBe(1);
    server.close();
    await rm(folder, { recursive: true });
  });

  it("reads the days of the domain from its registry", async () => {
    expect(await domainDays("chat.example.org", `${origin}/rdap/`)).toBe(40);
  });

  it("says nothing of a domain that the registry does not know, and fails no invocation", async () => {
    process.env.RDAP_URL = `${origin}/nothing/`;
    process.env.SERVER_NAME = "localhost";
    await invoke({ measure: "expiry" });
    expect(lines.filter(({ DomainDays }) => DomainDays !== undefined)).toEqual([]);
    expect(lines.filter(({ level }) => level === "WARN")).not.toEqual([]);
    expect(lines.at(-1)).toMatchObject({ Outcome: "measured" });
  });

  it("refuses an event that no schedule sends", async () => {
    await invoke({ measure: "something" });
    expect(lines.at(-1)).toMatchObject({ Outcome: "malformed", level: "ERROR" });
  });
});
