import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith, itWith } from "../test/jest/describe-if.ts";
import { withMessage } from "../test/jest/with-message.ts";
import { AGENT, type ChatDatabase, startChatDatabase } from "../test/mcp-server/database.ts";
import { startTestService, type TestService } from "../test/mcp-server/service.ts";
import { type SignInBrowser, startSignInBrowser } from "../test/mcp-server/sign-in-browser.ts";
import { signInClients } from "../test/mcp-server/sign-in-clients.ts";
import { type SignInService, startSignInService } from "../test/mcp-server/sign-in-service.ts";
import { token } from "../tools/servers/cognito-tokens.ts";
import { tools } from "../tools/setup/tools.ts";
import { postgresBackend } from "./backends/postgres.ts";
import { catalog } from "./tools/catalog.ts";

const run = promisify(execFile);
/** Both clients want a newer Node.js than the project does. */
const node = tools.node22.path("node");

let database: ChatDatabase;
/** Where the clients keep their settings and results. */
let home: string;
const services: TestService[] = [];

async function start(variables?: Record<string, string>): Promise<TestService> {
  const backend = postgresBackend({ connection: database.connection, agentUserId: AGENT });
  const service = await startTestService(backend, variables);
  services.push(service);
  return service;
}

describeWith("mcp-clients", "node22")("a client that is not ours", () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "phenom-mcp-clients-"));
    database = await startChatDatabase();
  });
  afterAll(async () => {
    for (const service of services) await service.stop();
    await database?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const schemaSchema = z.looseObject({
    properties: z.record(z.string(), z.unknown()).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.unknown().optional(),
  });
  const converted = z.object({
    called: z.unknown(),
    tools: z.array(
      z.object({
        name: z.string(),
        strict: z.boolean().nullish(),
        parameters: schemaSchema.optional(),
        input_schema: schemaSchema.optional(),
      }),
    ),
  });
  const answer = z.object({ isError: z.boolean().optional(), structuredContent: z.unknown() });
  const inspect = async ({ mcp }: TestService, ...args: string[]): Promise<unknown> => {
    const { stdout } = await run(
      node,
      [
        tools["mcp-clients"].path("inspector"),
        "--cli",
        mcp.href,
        "--transport",
        "http",
        "--header",
        `Authorization: Bearer ${token()}`,
        ...args,
      ],
      { env: { ...process.env, HOME: home } },
    );
    return JSON.parse(stdout);
  };
  const call = async (service: TestService, tool: string, args: Record<string, string>) => {
    const given = Object.entries(args).flatMap(([name, value]) => ["--tool-arg", `${name}=${value}`]);
    const result = answer.parse(
      await inspect(service, "--method", "tools/call", "--tool-name", tool, ...given),
    );
    withMessage(tool, () => expect(result).not.toMatchObject({ isError: true }));
    return result.structuredContent;
  };

  // Another client calls each of them with arguments of its own type (tools/pipeline/try-tools.e2e.test.ts); here all are texts.
  it("the inspector lists the nine tools, and calls them with texts, a number and a switch", async () => {
    const service = await start();
    const user = await database.world.newUser();
    const room_id = await database.world.newRoom("Inspected", [user]);

    expect(await inspect(service, "--method", "tools/list", "--strict")).toMatchObject({
      tools: catalog.map(({ name, title }) => ({ name, title })),
    });
    expect(await call(service, "chat_list_rooms", {})).toMatchObject({
      rooms: expect.arrayContaining([expect.objectContaining({ id: room_id })]),
    });
    const sent = z
      .object({ message: z.object({ id: z.string(), content: z.string() }) })
      .parse(await call(service, "chat_send_message", { room_id, content: "Ein Okapi" }));
    expect(await call(service, "chat_get_messages", { room_id, limit: "5" })).toMatchObject({
      messages: [sent.message],
    });
    expect(await call(service, "chat_mute_user", { room_id, user_id: user, muted: "true" })).toMatchObject({
      member: { is_muted: true },
    });
  });

  it("the inspector lists and reads the resources", async () => {
    const service = await start();
    expect(await inspect(service, "--method", "resources/list")).toMatchObject({
      resources: expect.arrayContaining([expect.objectContaining({ uri: "chat://rooms" })]),
    });
    expect(await inspect(service, "--method", "resources/templates/list")).toMatchObject({
      resourceTemplates: [{ uriTemplate: "chat://rooms/{room_id}/messages" }],
    });
  });

  itWith("agent-frameworks", "agent-frameworks-python")(
    "the converters of agent frameworks take every tool with its arguments, and their clients call one",
    async () => {
      const { mcp } = await start();
      const { stdout: javascript } = await run(node, [
        "test/agent-frameworks/convert.mjs",
        tools["agent-frameworks"].folder,
        mcp.href,
        token(),
      ]);
      const { stdout: python } = await run(tools["agent-frameworks-python"].path("python"), [
        "test/agent-frameworks/convert.py",
        mcp.href,
        token(),
      ]);
      const frameworks = z.record(z.string(), converted).parse({
        ...JSON.parse(javascript),
        ...JSON.parse(python),
      });
      expect(Object.keys(frameworks)).toEqual([
        "AI SDK, OpenAI",
        "AI SDK, Gemini",
        "LangChain",
        "python-genai",
        "anthropic",
        "anthropic, strict",
        "LangChain for Python, strict",
        "openai-agents, strict",
      ]);
      for (const [framework, { tools: listed, called }] of Object.entries(frameworks)) {
        expect([framework, JSON.stringify(called)]).toEqual([
          framework,
          expect.stringContaining("Phenom Community"),
        ]);
        expect([framework, listed.map(({ name }) => name)]).toEqual([
          framework,
          catalog.map(({ name }) => name),
        ]);
        for (const { name, parameters, input_schema, strict } of listed) {
          const schema = parameters ?? input_schema;
          const known = Object.keys(catalog.find((tool) => tool.name === name)?.input.shape ?? {});
          expect([framework, name, Object.keys(schema?.properties ?? {})]).toEqual([framework, name, known]);
          if (!framework.endsWith("strict")) continue;
          expect([framework, name, strict, schema?.additionalProperties]).toEqual([
            framework,
            name,
            true,
            false,
          ]);
          if (!framework.startsWith("anthropic"))
            expect([framework, schema?.required]).toEqual([framework, known]);
        }
      }
    },
  );

  describeWith(
    "agent-frameworks",
    "agent-frameworks-python",
    "mcp-clients-python",
  )("that knows nothing but the address", () => {
    let service: SignInService;
    let browser: SignInBrowser;
    beforeAll(async () => {
      service = await startSignInService(
        postgresBackend({ connection: database.connection, agentUserId: AGENT }),
      );
      const person = { username: "ann", email: "ann@example.org", groups: ["admin"] };
      browser = await startSignInBrowser(home, service.pool.cognito, person);
    });
    afterAll(async () => {
      await browser?.stop();
      await service?.stop();
    });

    it.each(Object.entries(signInClients))("%s signs a person in and calls a tool", async (_, signIn) => {
      const signedIn = signIn(service.mcp.href, { ...browser.environment, HOME: home });
      const seen = await Promise.race([signedIn, browser.failure]);
      expect(seen.tools).toEqual(catalog.map(({ name }) => name));
      expect(JSON.stringify(seen.called)).toContain("Phenom Community");
    });
  });

  it("the conformance suite passes in every scenario but those that its baseline explains", async () => {
    // The suite has no token to send: the server trusts whoever sits on its loopback.
    const service = await start({
      COGNITO_REGION: "",
      COGNITO_USER_POOL_ID: "",
      COGNITO_CLIENT_IDS: "",
      COGNITO_DOMAIN: "",
      SIGN_IN_CLIENT_ID: "",
      SIGN_IN_KEY: "",
    });
    const baseline = resolve("test/mcp-server/conformance-baseline.yml");
    const { stdout } = await run(
      node,
      [
        tools["mcp-clients"].path("conformance"),
        "server",
        "--url",
        service.mcp.href,
        "--suite",
        "all",
        "--expected-failures",
        baseline,
      ],
      { cwd: home },
    );
    const passed = [...stdout.matchAll(/^✓ ([\w-]+): [1-9]\d* passed, 0 failed/gm)].map(([, name]) => name);
    expect(passed).toEqual([
      "server-initialize",
      "ping",
      "tools-list",
      "resources-list",
      "prompts-list",
      "dns-rebinding-protection",
    ]);
  });
});
