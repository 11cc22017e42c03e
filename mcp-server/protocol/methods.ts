import {
  type Implementation,
  InitializeRequestParamsSchema,
  type JSONRPCRequest,
  LATEST_PROTOCOL_VERSION,
  type Result,
} from "@modelcontextprotocol/sdk/types.js";
import { version } from "../../shared/version.ts";
import { refusalOf } from "../auth/tool-access.ts";
import { instructions } from "../instructions.ts";
import { catalog, toolNamed } from "../tools/catalog.ts";
import type { Tool } from "../tools/tool.ts";
import { type ChatService, callTool, type RequestContext } from "./call-tool.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { listResources, readResource, resourceTemplates } from "./resources.ts";
import { handshakeVersions, STATELESS_VERSION } from "./revisions.ts";
import { RpcError } from "./rpc-error.ts";

export const implementation: Implementation = { name: "phenom-chat", title: "Phenom Chat", version };

const capabilities = { tools: {}, resources: {}, prompts: {} };

type Params = JSONRPCRequest["params"];

interface Method {
  readonly run: (service: ChatService, request: RequestContext, params: Params) => Result | Promise<Result>;
  /** Revisions without this method. @default - none */
  readonly notIn?: "handshake" | "stateless";
  /** Parameter that the header `Mcp-Name` repeats since revision 2026-07-28. */
  readonly namedBy?: "name" | "uri";
  /** How long clients may keep the result, which revision 2026-07-28 tells. @default - it tells nothing */
  readonly keptMs?: number;
}

const MINUTE = 60_000;

/** The methods of all revisions. */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["initialize", { run: initialize, notIn: "stateless" }],
  ["ping", { run: () => ({}), notIn: "stateless" }],
  ["server/discover", { run: discover, notIn: "handshake", keptMs: MINUTE }],
  ["tools/list", { run: listTools, keptMs: MINUTE }],
  [
    "tools/call",
    {
      run: (service, request, params) =>
        callTool(service, request, known(text(params, "name")), params?.["arguments"]),
      namedBy: "name",
    },
  ],
  ["prompts/list", { run: () => listPrompts, keptMs: MINUTE }],
  ["prompts/get", { run: (_service, _request, params) => getPrompt(params), namedBy: "name" }],
  ["resources/list", { run: listResources, keptMs: 0 }],
  ["resources/templates/list", { run: () => resourceTemplates, keptMs: MINUTE }],
  [
    "resources/read",
    {
      run: (service, request, params) => readResource(service, request, text(params, "uri")),
      namedBy: "uri",
      keptMs: 0,
    },
  ],
]);

/** Clients in some languages write null for what they leave out. */
function withoutNulls(value: unknown, depth: number): unknown {
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      inner === null ? [] : [[key, withoutNulls(inner, depth - 1)]],
    ),
  );
}

/** A handshake leaves nothing behind here, because there are no sessions. */
function initialize({ backend }: ChatService, _request: RequestContext, params: Params): Result {
  const { success, data, error } = InitializeRequestParamsSchema.safeParse(withoutNulls(params, 2));
  if (!success) {
    const [issue] = error.issues;
    throw new RpcError("invalidParams", `${["params", ...(issue?.path ?? [])].join(".")}: ${issue?.message}`);
  }
  return {
    protocolVersion: handshakeVersions.includes(data.protocolVersion)
      ? data.protocolVersion
      : LATEST_PROTOCOL_VERSION,
    capabilities,
    serverInfo: implementation,
    instructions: instructions(backend.name),
  };
}

function discover({ backend }: ChatService): Result {
  return {
    supportedVersions: [STATELESS_VERSION],
    capabilities,
    instructions: instructions(backend.name),
  };
}

const listed = new Map(
  catalog.map((tool: Tool) => {
    const { name, title, description, annotations, inputSchema, outputSchema } = tool;
    return [tool, { name, title, description, annotations, inputSchema, outputSchema }];
  }),
);

function listTools({ readOnly }: ChatService, { caller }: RequestContext): Result {
  return {
    tools: catalog
      .filter((tool) => refusalOf(tool, caller, readOnly) === undefined)
      .map((tool) => listed.get(tool)),
  };
}

function known(name: string): Tool {
  const tool = toolNamed(name);
  if (tool) return tool;
  const names = catalog.map((each) => each.name).join(", ");
  throw new RpcError("invalidParams", `Unknown tool ${JSON.stringify(name.slice(0, 80))}. Known: ${names}.`);
}

function text(params: Params, field: "name" | "uri"): string {
  const value = params?.[field];
  if (typeof value === "string") return value;
  throw new RpcError("invalidParams", `params.${field}: must be a text.`);
}
