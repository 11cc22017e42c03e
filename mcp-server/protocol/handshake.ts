import {
  InitializeRequestParamsSchema,
  type InitializeResult,
  type JSONRPCMessage,
  type JSONRPCRequest,
  LATEST_PROTOCOL_VERSION,
  type Result,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
import type { ChatService, RequestContext } from "./call-tool.ts";
import { capabilities, dispatch, implementation } from "./dispatch.ts";
import { instructions } from "./instructions.ts";
import { failure, RpcError } from "./rpc-error.ts";

/** Revisions that begin with a handshake, newest first. It leaves nothing behind here, because there are no sessions. */
export const handshakeVersions: readonly string[] = SUPPORTED_PROTOCOL_VERSIONS;

/** Answers the messages of one HTTP request, in the order of the requests; notifications have no answer. */
export const answer = (
  service: ChatService,
  request: RequestContext,
  messages: readonly JSONRPCMessage[],
): Promise<object[]> =>
  Promise.all(
    messages.flatMap((message) =>
      "method" in message && "id" in message ? [answerOne(service, request, message)] : [],
    ),
  );

async function answerOne(
  service: ChatService,
  request: RequestContext,
  message: JSONRPCRequest,
): Promise<object> {
  const { id } = message;
  try {
    return { jsonrpc: "2.0", id, result: await resultOf(service, request, message) };
  } catch (error) {
    return failure(id, error);
  }
}

function resultOf(
  service: ChatService,
  request: RequestContext,
  message: JSONRPCRequest,
): Result | Promise<Result> {
  if (message.method === "initialize") return initialize(service, message.params);
  if (message.method === "ping") return {};
  return dispatch(service, request, message);
}

function initialize({ backend }: ChatService, params: unknown): InitializeResult {
  const parsed = InitializeRequestParamsSchema.safeParse(params);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RpcError("invalidParams", `params.${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { protocolVersion: asked } = parsed.data;
  return {
    protocolVersion: handshakeVersions.includes(asked) ? asked : LATEST_PROTOCOL_VERSION,
    capabilities,
    serverInfo: implementation,
    instructions: instructions(backend.name),
  };
}
