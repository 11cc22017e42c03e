// node sign-in.mjs <client> <folder of node_modules> <address of the MCP server>: signs in with the client's own OAuth code,
// which knows nothing but the address, and prints the tools and what one of them answers. It opens pages in the browser that
// answers at BROWSER_ADDRESS.
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [name, folder, address] = process.argv.slice(2);
const resolve = createRequire(`${folder}/`).resolve;
const load = (module) => import(pathToFileURL(resolve(module)));
const url = new URL(address);
const call = "chat_list_rooms";

/** The program's own web server on a free port, where the browser comes back. */
const answered = Promise.withResolvers();
const listener = createServer((request, response) => {
  response.end("You may close this page.");
  answered.resolve(new URL(request.url, "http://localhost").searchParams);
}).listen(0, "127.0.0.1");
await once(listener, "listening");

const kept = {};
const provider = {
  redirectUrl: `http://127.0.0.1:${listener.address().port}/callback`,
  get clientMetadata() {
    return {
      client_name: name,
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    };
  },
  clientInformation: () => kept.client,
  saveClientInformation(client) {
    kept.client = client;
  },
  tokens: () => kept.tokens,
  saveTokens(tokens) {
    kept.tokens = tokens;
  },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier(verifier) {
    kept.verifier = verifier;
  },
  async redirectToAuthorization(to) {
    const opened = await fetch(`${process.env.BROWSER_ADDRESS}/?${new URLSearchParams({ url: String(to) })}`);
    if (!opened.ok) throw new Error(await opened.text());
  },
};

/** Runs `connect`; if it asks for a sign-in, finishes that and runs it again. */
async function afterSignIn(connect, finish) {
  try {
    return await connect();
  } catch (error) {
    if (error.name !== "UnauthorizedError" && !/unauthori[sz]ed/i.test(String(error))) throw error;
    await finish(await answered.promise);
    return connect();
  }
}

/** Both lines of the TypeScript SDK. */
async function sdk(Client, StreamableHTTPClientTransport, options) {
  let transport;
  const client = await afterSignIn(
    async () => {
      const connecting = new Client({ name, version: "1" }, options);
      transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
      await connecting.connect(transport);
      return connecting;
    },
    (answer) => transport.finishAuth(answer.get("code"), answer.get("iss") ?? undefined),
  );
  const { tools } = await client.listTools();
  const called = await client.callTool({ name: call, arguments: {} });
  await client.close();
  return { tools: tools.map((tool) => tool.name), called };
}

async function newLine(options) {
  const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
  return sdk(Client, StreamableHTTPClientTransport, options);
}

const clients = {
  async "TypeScript SDK"() {
    const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
    const http = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
    return sdk(Client, http.StreamableHTTPClientTransport);
  },
  "TypeScript client 2": () => newLine({}),
  "TypeScript client 2, negotiating": () => newLine({ versionNegotiation: { mode: "auto" } }),
  "TypeScript client 2, 2026-07-28 only": () =>
    newLine({ versionNegotiation: { mode: { pin: "2026-07-28" } } }),
  async "AI SDK"() {
    const { auth, createMCPClient } = await load("@ai-sdk/mcp");
    const client = await afterSignIn(
      () => createMCPClient({ transport: { type: "http", url: address, authProvider: provider } }),
      (answer) =>
        auth(provider, {
          serverUrl: url,
          authorizationCode: answer.get("code"),
          callbackState: answer.get("state") ?? undefined,
        }),
    );
    const tools = await client.tools();
    const called = await tools[call].execute({}, { toolCallId: "1", messages: [] });
    await client.close();
    return { tools: Object.keys(tools), called };
  },
  async LangChain() {
    const { MultiServerMCPClient } = await load("@langchain/mcp-adapters");
    const { auth } = await load("@modelcontextprotocol/sdk/client/auth.js");
    const server = { transport: "http", url: address, authProvider: provider };
    const connect = async () => {
      const client = new MultiServerMCPClient({ mcpServers: { chat: server } });
      return [client, await client.getTools()];
    };
    const [client, tools] = await afterSignIn(connect, (answer) =>
      auth(provider, { serverUrl: url, authorizationCode: answer.get("code") }),
    );
    const called = await tools.find((tool) => tool.name === call).invoke({});
    await client.close();
    return { tools: tools.map((tool) => tool.name), called };
  },
};

console.log(JSON.stringify(await clients[name]()));
listener.close();
process.exit(0);
