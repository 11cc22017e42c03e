import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ops } from "../../../test/ops/command.ts";
import { awsHarness } from "../../../test/ops/harness.ts";
import { exampleOutputs } from "../../../test/ops/outputs.ts";
import { listen } from "../../servers/listening.ts";

const { dns_record } = exampleOutputs;
awsHarness();
let cloudflare: Server;
let answer: { status: number; body: object };
let asked: (string | undefined)[];
beforeAll(async () => {
  cloudflare = createServer((request, response) => {
    asked = [request.url, request.headers.authorization];
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
  process.env.CLOUDFLARE_API_TOKEN = "a-token";
  process.env.CLOUDFLARE_API_BASE_URL = `http://127.0.0.1:${await listen(cloudflare)}/client/v4`;
});
afterAll(() => void cloudflare?.close());
beforeEach(() => {
  answer = { status: 200, body: { success: true, errors: [], result: [record()] } };
});
const record = (changes: object = {}) => ({
  type: "CNAME",
  content: dns_record.content,
  proxied: true,
  ttl: 1,
  ...changes,
});
const verify = () => ops(["verify", "development", "--only", "dns"]);

describe("the check of the DNS record", () => {
  it("compares the record at Cloudflare with the one that was synthesised", async () => {
    const { exitCode, stdout } = await verify();
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`CNAME ${dns_record.content} proxied`)]);
    expect(asked).toEqual([
      `/client/v4/zones/${dns_record.zone_id}/dns_records?name=localhost`,
      "Bearer a-token",
    ]);
  });

  it.each([
    [
      "points elsewhere",
      [record({ content: "elsewhere.example.org" })],
      "CNAME elsewhere.example.org proxied, expected CNAME",
    ],
    ["is not proxied", [record({ proxied: false })], "elb.amazonaws.com, expected CNAME"],
    ["is missing", [], "no record, expected CNAME"],
  ])("fails when the record %s", async (_, result, text) => {
    answer.body = { success: true, errors: [], result };
    const { exitCode, stdout } = await verify();
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining(text)]);
  });

  it("is skipped when the token may not read the zone, and does not show the token", async () => {
    answer = {
      status: 403,
      body: {
        success: false,
        errors: [{ code: 9109, message: "Unauthorized to access requested resource" }],
        result: null,
      },
    };
    const { exitCode, stdout, stderr } = await verify();
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Cloudflare answers 403: Unauthorized")]);
    expect(stdout + stderr).not.toContain("a-token");
  });
});
