import { credentials, makeClientConstructor } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { type RunningProviders, startProviders } from "../providers/index.ts";
import { newRunState } from "../run-state.ts";
import { loadService } from "./server.ts";
import { objectFromWire, toWire, type WireValue } from "./value.ts";

const diagnostics = z.array(z.object({ summary: z.string() })).default([]);
const attributes = z.object({
  block: z.object({ attributes: z.array(z.object({ name: z.string() })) }),
});
const schema = z.object({
  resource_schemas: z.record(z.string(), attributes),
  ephemeral_resource_schemas: z.record(z.string(), attributes),
});
const reattach = z.record(z.string(), z.object({ Addr: z.object({ String: z.string() }) }));

const garbage = { msgpack: Buffer.from([0xc1, 0xff, 0x00]) };

const Client = makeClientConstructor(loadService("tfplugin5.proto", "tfplugin5.Provider"), "Provider");

let providers: RunningProviders;
let clients: InstanceType<typeof Client>[];

beforeEach(async () => {
  clients = [];
  providers = await startProviders(newRunState("."));
});

afterEach(() => {
  for (const client of clients) client.close();
  providers.stop();
});

/** Calls of protocol 5 to a provider, as Terraform makes them: each client has a connection of its own. */
function clientOf(provider: string) {
  const addresses = reattach.parse(JSON.parse(providers.env.TF_REATTACH_PROVIDERS));
  const address = addresses[`registry.terraform.io/hashicorp/${provider}`]?.Addr.String ?? "";
  const options = { "grpc.use_local_subchannel_pool": 1 };
  const client = new Client(address, credentials.createInsecure(), options);
  clients.push(client);
  return (call: string, request: object) =>
    new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      client[call]?.bind(client)(request, (error: Error | null, response: Record<string, unknown>) =>
        error ? reject(error) : resolve(response),
      );
    });
}

describe("a stand-in provider", () => {
  it.each([
    ["PlanResourceChange", { type_name: "aws_lb", prior_state: garbage, config: garbage }],
    ["ApplyResourceChange", { type_name: "aws_nope", planned_state: garbage }],
    [
      "ValidateResourceTypeConfig",
      { type_name: "aws_lb", config: { msgpack: Buffer.from([0x93, 1, 2, 3]) } },
    ],
    ["ReadDataSource", { type_name: "aws_vpc", config: garbage }],
    ["UpgradeResourceState", { type_name: "aws_vpc", raw_state: { json: Buffer.from("{") } }],
    ["ReadResource", { type_name: "aws_vpc", current_state: garbage }],
  ])("answers %s without sense with a diagnostic, and lives on", async (call, request) => {
    const aws = clientOf("aws");
    const response = await aws(call, request);
    expect(diagnostics.parse(response["diagnostics"])).toHaveLength(1);
    const { resource_schemas } = schema.parse(await aws("GetSchema", {}));
    expect(resource_schemas["aws_lb"]?.block.attributes.length).toBeGreaterThan(10);
  });

  it("refuses write-only arguments from a Terraform that does not know them", async () => {
    const aws = clientOf("aws");
    const config = toWire({
      secret_id: "s",
      secret_string: null,
      secret_binary: null,
      secret_string_wo: "x",
      secret_string_wo_version: 1,
    });
    const request = { type_name: "aws_secretsmanager_secret_version", config };
    const old = await aws("ValidateResourceTypeConfig", request);
    expect(diagnostics.parse(old["diagnostics"])).toEqual([{ summary: "Write-only Attribute Not Allowed" }]);
    const client_capabilities = { write_only_attributes_allowed: true };
    const current = await aws("ValidateResourceTypeConfig", { ...request, client_capabilities });
    expect(current["diagnostics"]).toEqual([]);
  });

  it("warns of an argument on the first connection that brings it, and no longer on the next", async () => {
    const request = {
      type_name: "aws_s3_bucket",
      config: toWire({ bucket: "bbb", acl: "private" }),
    };
    const [first, second] = [clientOf("aws"), clientOf("aws")];
    const warned = async (client: typeof first) =>
      diagnostics.parse((await client("ValidateResourceTypeConfig", request))["diagnostics"]).length;
    // Two resources with the same arguments are two warnings.
    expect([await warned(first), await warned(first), await warned(second)]).toEqual([1, 1, 0]);
  });
});

describe("an ephemeral resource", () => {
  const type_name = "random_password";
  const config = toWire({ length: 16, special: false, result: null });
  const wire = z.object({ result: z.custom<WireValue>() });
  const open = async () =>
    objectFromWire(
      wire.parse(await clientOf("random")("OpenEphemeralResource", { type_name, config })).result,
    );

  it("has a new value at every opening", async () => {
    const [first, second] = [await open(), await open()];
    expect(first?.result).toMatch(/^[0-9A-Za-z]{16}$/);
    expect(second?.result).not.toBe(first?.result);
  });

  it("gives every attribute of its schema", async () => {
    const { ephemeral_resource_schemas } = schema.parse(await clientOf("random")("GetSchema", {}));
    const names = ephemeral_resource_schemas[type_name]?.block.attributes.map(({ name }) => name);
    expect(Object.keys((await open()) ?? {}).sort()).toEqual(names?.sort());
  });

  it.each([
    "ValidateEphemeralResourceConfig",
    "RenewEphemeralResource",
    "CloseEphemeralResource",
  ])("is served by %s, and no unknown type is", async (call) => {
    const random = clientOf("random");
    expect((await random(call, { type_name, config }))["diagnostics"]).toEqual([]);
    const unknown = await random(call, { type_name: "random_nope", config });
    expect(diagnostics.parse(unknown["diagnostics"])).toEqual([{ summary: "Unknown ephemeral resource" }]);
  });

  it.each([
    ["an unknown type", { type_name: "random_nope", config }],
    ["a configuration that is no msgpack", { type_name, config: { msgpack: Buffer.from([0xc1]) } }],
  ])("is not opened for %s", async (_, request) => {
    const response = await clientOf("random")("OpenEphemeralResource", request);
    expect(diagnostics.parse(response["diagnostics"])).toHaveLength(1);
  });
});
