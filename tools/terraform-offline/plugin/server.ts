import path from "node:path";
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import type { Provider } from "../providers/provider.ts";
import { FOLDER } from "../root.ts";
import type { RunState } from "../run-state.ts";
import { Diagnostic } from "./diagnostic.ts";
import type * as messages from "./messages.ts";
import type { ProviderName } from "./schema.ts";
import { diagnosticToWire, ServedProvider } from "./served-provider.ts";

const loaded = new Map<string, PackageDefinition>();

/** @param name of the service with its package */
export function loadService(file: string, name: string): ServiceDefinition {
  const definitions =
    loaded.get(file) ??
    loadSync(path.join(FOLDER, "proto", file), {
      keepCase: true,
      longs: Number,
      enums: Number,
      defaults: true,
      oneofs: true,
    });
  loaded.set(file, definitions);
  const definition = definitions[name];
  if (!definition || "format" in definition) throw new Error(`${file} defines no service ${name}`);
  return definition;
}

function diagnosticsOf(error: unknown): object[] {
  if (error instanceof Diagnostic) return [diagnosticToWire(error)];
  if (process.env["TF_OFFLINE_DEBUG"]) console.error(error);
  const detail = String((error instanceof Error && error.stack) || error);
  return [diagnosticToWire(new Diagnostic("terraform-offline could not answer", detail))];
}

/**
 * Answers a call. A failure is answered too, with a diagnostic: an error of gRPC would tell the user nothing.
 * @param failed adds what the response needs beside the diagnostics. @default - nothing
 */
function answer<Request>(
  call: (request: Request, connection: string) => object,
  failed: (request: Request) => object = () => ({}),
): handleUnaryCall<Request, object> {
  return (received, callback) => {
    const { request } = received;
    let response: object;
    try {
      response = call(request, received.getPeer());
    } catch (error) {
      response = { ...failed(request), diagnostics: diagnosticsOf(error) };
    }
    callback(null, response);
  };
}

/** The calls of protocol 5, by their names there. */
const callsOf = (provider: ServedProvider) => ({
  GetSchema: answer(() => provider.getSchema()),
  PrepareProviderConfig: answer(({ config }: messages.ConfigureRequest) => ({
    prepared_config: config,
    diagnostics: [],
  })),
  Configure: answer<messages.ConfigureRequest>((request, connection) =>
    provider.configure(request, connection),
  ),
  ValidateResourceTypeConfig: answer<messages.ValidateRequest>((request, connection) =>
    provider.validateResource(request, connection),
  ),
  ValidateDataSourceConfig: answer<messages.ValidateRequest>((request, connection) =>
    provider.validateDataSource(request, connection),
  ),
  UpgradeResourceState: answer<messages.UpgradeRequest>((request) => provider.upgradeState(request)),
  ReadResource: answer<messages.ReadRequest>(
    (request, connection) => provider.read(request, connection),
    (request) => ({ new_state: request.current_state, private: request.private }),
  ),
  PlanResourceChange: answer<messages.PlanRequest>(
    (request, connection) => provider.plan(request, connection),
    (request) => ({ planned_state: request.prior_state, planned_private: request.prior_private }),
  ),
  ApplyResourceChange: answer<messages.ApplyRequest>(
    (request, connection) => provider.apply(request, connection),
    (request) => ({ new_state: request.prior_state, private: request.planned_private }),
  ),
  ImportResourceState: answer<messages.ImportRequest>((request, connection) =>
    provider.importState(request, connection),
  ),
  ReadDataSource: answer<messages.ReadDataRequest>((request, connection) =>
    provider.readData(request, connection),
  ),
  ValidateEphemeralResourceConfig: answer<messages.ValidateRequest>((request, connection) =>
    provider.validateEphemeral(request, connection),
  ),
  OpenEphemeralResource: answer<messages.OpenRequest>((request, connection) =>
    provider.openEphemeral(request, connection),
  ),
  RenewEphemeralResource: answer<messages.RenewRequest>((request) => provider.renewEphemeral(request)),
  CloseEphemeralResource: answer<messages.TypeRequest>((request) => provider.closeEphemeral(request)),
  Stop: answer(() => ({ Error: "" })),
});

/** Calls that protocol 6 names differently. */
const protocol6Names: Readonly<Record<string, string>> = {
  GetSchema: "GetProviderSchema",
  PrepareProviderConfig: "ValidateProviderConfig",
  Configure: "ConfigureProvider",
  ValidateResourceTypeConfig: "ValidateResourceConfig",
  ValidateDataSourceConfig: "ValidateDataResourceConfig",
  Stop: "StopProvider",
};

/** The service with its responses encoded once for each object: the schema is large and asked for by every command. */
function encodedOnce(service: ServiceDefinition, call: string): ServiceDefinition {
  const method = service[call];
  if (!method) throw new Error(`the protocol has no call ${call}`);
  const encoded = new WeakMap<object, Buffer>();
  const responseSerialize = (response: object) => {
    const bytes = encoded.get(response) ?? method.responseSerialize(response);
    encoded.set(response, bytes);
    return bytes;
  };
  return { ...service, [call]: { ...method, responseSerialize } };
}

export interface RunningServer {
  readonly source: string;
  /** An entry of Terraform's `TF_REATTACH_PROVIDERS`. */
  readonly reattach: object;
  stop(): void;
}

/** Starts a server that plays one provider. */
export async function startServer(
  name: ProviderName,
  implementation: Provider,
  run: RunState,
): Promise<RunningServer> {
  const provider = new ServedProvider(name, implementation, run);
  const { source, protocol } = provider;
  const nameOf = (call: string) => (protocol === 6 && protocol6Names[call]) || call;
  const server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // Statistics of each call, which nobody reads.
    "grpc.enable_channelz": 0,
  });
  server.addService(
    encodedOnce(
      loadService(`tfplugin${protocol}.proto`, `tfplugin${protocol}.Provider`),
      nameOf("GetSchema"),
    ),
    Object.fromEntries(Object.entries(callsOf(provider)).map(([call, handler]) => [nameOf(call), handler])),
  );
  server.addService(loadService("health.proto", "grpc.health.v1.Health"), {
    Check: answer(() => ({ status: 1 })),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  return {
    source,
    reattach: {
      Protocol: "grpc",
      ProtocolVersion: protocol,
      Pid: process.pid,
      Test: true,
      Addr: { Network: "tcp", String: `127.0.0.1:${port}` },
    },
    stop: () => server.forceShutdown(),
  };
}
