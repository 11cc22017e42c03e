import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCRequest,
  JSONRPCResultResponse,
} from "@modelcontextprotocol/sdk/types.js";

export type JsonRpcResponse = JSONRPCResultResponse | JSONRPCErrorResponse;

/**
 * The SDK's transport for exactly one HTTP request: delivers its messages, collects the responses, and is discarded
 * together with its server object.
 */
export class RequestTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T) => void;

  readonly #responses = new Map<string | number, JsonRpcResponse>();
  #awaited = 0;
  #settle: (() => void) | undefined;

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves with the responses in the order of the requests; at once if there are no requests. */
  async exchange(messages: readonly JSONRPCMessage[]): Promise<JsonRpcResponse[]> {
    const requests = messages.filter(
      (message): message is JSONRPCRequest => "method" in message && "id" in message,
    );
    this.#awaited = requests.length;
    const answered =
      requests.length === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            this.#settle = resolve;
          });
    for (const message of messages) this.onmessage?.(message);
    await answered;
    return requests.flatMap(({ id }) => this.#responses.get(id) ?? []);
  }

  send(message: JSONRPCMessage): Promise<void> {
    // Without a stream the server sends no requests or notifications of its own.
    if ("id" in message && message.id !== undefined && !("method" in message)) {
      this.#responses.set(message.id, message);
      if (this.#responses.size >= this.#awaited) this.#settle?.();
    }
    return Promise.resolve();
  }

  /** Cancels running requests; `exchange` resolves with the responses so far. */
  close(): Promise<void> {
    this.onclose?.();
    this.#settle?.();
    return Promise.resolve();
  }
}
