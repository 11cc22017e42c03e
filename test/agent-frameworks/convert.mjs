// node convert.mjs <folder of node_modules> <address> <token>: lists the tools over MCP with the AI SDK and LangChain, calls
// one, and prints what each converter makes of them for a model.
import { createRequire } from "node:module";

const [folder, url, token] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { createGoogleGenerativeAI } = require("@ai-sdk/google");
const { createMCPClient } = require("@ai-sdk/mcp");
const { createOpenAI } = require("@ai-sdk/openai");
const { convertToOpenAITool } = require("@langchain/core/utils/function_calling");
const { MultiServerMCPClient } = require("@langchain/mcp-adapters");
const { generateText } = require("ai");

const headers = { authorization: `Bearer ${token}` };
const call = "chat_list_rooms";

async function aiSdk() {
  const client = await createMCPClient({ transport: { type: "http", url, headers } });
  const tools = await client.tools();
  /** The tools in the request that would go to the model's provider. */
  const requested = async (modelOf) => {
    let body;
    const fetch = async (_, request) => {
      body = JSON.parse(request.body);
      throw new Error("enough");
    };
    await generateText({ model: modelOf(fetch), tools, prompt: "Hello", maxRetries: 0 }).catch(() => {});
    return body.tools;
  };
  const openai = await requested((fetch) => createOpenAI({ apiKey: "none", fetch })("gpt-5"));
  const [google] = await requested((fetch) =>
    createGoogleGenerativeAI({ apiKey: "none", fetch })("gemini-2.5-flash"),
  );
  const called = await tools[call].execute({}, { toolCallId: "1", messages: [] });
  await client.close();
  return {
    "AI SDK, OpenAI": { tools: openai, called },
    "AI SDK, Gemini": { tools: google.functionDeclarations, called },
  };
}

async function langChain() {
  const client = new MultiServerMCPClient({ mcpServers: { chat: { transport: "http", url, headers } } });
  const tools = await client.getTools();
  const called = await tools.find(({ name }) => name === call).invoke({});
  await client.close();
  return { LangChain: { tools: tools.map((tool) => convertToOpenAITool(tool).function), called } };
}

console.log(JSON.stringify({ ...(await aiSdk()), ...(await langChain()) }));
