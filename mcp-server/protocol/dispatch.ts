import type { Implementation, JSONRPCRequest, Result } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { version } from "../../shared/version.ts";
import { catalog, toolNamed } from "../tools/catalog.ts";
import type { Tool } from "../tools/tool.ts";
import { type ChatService, callTool, mayCall, type RequestContext } from "./call-tool.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { listResources, readResource, resourceTemplates } from "./resources.ts";
import { RpcError } from "./rpc-error.ts";

export const implementation: Implementation = { name: "phenom-chat", title: "Phenom Chat", version };

export const capabilities = { tools: {}, resources: {}, prompts: {} };

const listed = new Map(
  catalog.map((tool: Tool) => {
    const { name, title, description, annotations, inputSchema, outputSchema } = tool;
    return [tool, { name, title, description, annotations, inputSchema, outputSchema }];
  }),
);

const paramsSchema = z.object({
  name: z.string().optional(),
  uri: z.string().optional(),
  arguments: z.unknown().optional(),
});

/**
 * Answers one request of any revision. The SDK's own handlers would check the request and the result against schemas once
 * more, and put a dump of what failed into the error.
 */
export async function dispatch(
  service: ChatService,
  request: RequestContext,
  { method, params }: JSONRPCRequest,
): Promise<Result> {
  switch (method) {
    case "tools/list":
      return {
        tools: catalog
          .filter((tool) => mayCall(service, request.caller, tool))
          .flatMap((tool) => listed.get(tool) ?? []),
      };
    case "tools/call":
      return callTool(service, request, known(text(params, "name")), argumentsOf(params));
    case "prompts/list":
      return listPrompts;
    case "prompts/get":
      return getPrompt(params);
    case "resources/list":
      return listResources(service, request);
    case "resources/templates/list":
      return resourceTemplates;
    case "resources/read":
      return readResource(service, request, text(params, "uri"));
    default:
      throw new RpcError(
        "methodNotFound",
        `This server has no method ${JSON.stringify(method.slice(0, 80))}.`,
      );
  }
}

function known(name: string): Tool {
  const tool = toolNamed(name);
  if (tool) return tool;
  const names = catalog.map((each) => each.name).join(", ");
  throw new RpcError("invalidParams", `Unknown tool ${JSON.stringify(name.slice(0, 80))}. Known: ${names}.`);
}

const argumentsOf = (params: unknown) => paramsSchema.safeParse(params).data?.arguments;

function text(params: unknown, field: "name" | "uri"): string {
  const value = paramsSchema.safeParse(params ?? {}).data?.[field];
  if (value !== undefined) return value;
  throw new RpcError("invalidParams", `params.${field}: must be a text.`);
}
