import { describe, expect, it } from "@jest/globals";
import { createLog } from "../../mcp-server/log.ts";
import { filterPattern } from "../../test/filter-pattern.ts";
import { Template } from "../chat/template.ts";
import { mcpLog, synapseLog } from "./log-metrics.ts";

const client = "/_matrix/client/v3/rooms/%21a%3Aexample.org";

describe("the metrics of Synapse's log", () => {
  const json = (level: string) =>
    JSON.stringify({ log: "text with ERROR in it", namespace: "synapse", level });
  const request = (method: string, status: string, path: string) =>
    `request ${method} 0.012 ${status} ${path}`;
  const { errors, sends, failedSends, signIns, failedSignIns, reads, failedReads, previews, failedPreviews } =
    synapseLog;

  it.each([
    ["an error", json("ERROR"), [errors.name]],
    ["a critical one", json("CRITICAL"), [errors.name]],
    ["a warning that speaks of an error", json("WARNING"), []],
    ["a sent message", request("PUT", "200", `${client}/send/m.room.message/1`), [sends.name]],
    ["a sent encrypted message", request("PUT", "200", `${client}/send/m.room.encrypted/1`), [sends.name]],
    ["a message too many", request("PUT", "429", `${client}/send/m.room.message/1`), []],
    ["a message that failed", request("PUT", "500", `${client}/send/m.room.message/1`), [failedSends.name]],
    ["a message whose sender hung up", request("PUT", "200!", `${client}/send/m.room.message/1`), []],
    ["a person who types", request("PUT", "200", `${client}/typing/%40a`), []],
    ["reading", request("GET", "200", `${client}/messages?limit=20&dir=b`), [reads.name]],
    ["a sync", request("GET", "200", "/_matrix/client/v3/sync?timeout=30000"), [reads.name]],
    ["a sync that failed", request("GET", "502", "/_matrix/client/v3/sync?since=s1"), [failedReads.name]],
    ["a sync that its client gave up", request("GET", "200!", "/_matrix/client/v3/sync"), []],
    [
      "a way to the provider",
      request("GET", "302", "/_matrix/client/v3/login/sso/redirect/oidc-cognito?x=1"),
      [signIns.name],
    ],
    ["a way back", request("GET", "302", "/_synapse/client/oidc/callback?code=1"), [signIns.name]],
    ["a login", request("POST", "200", "/_matrix/client/v3/login"), [signIns.name]],
    ["a login with a wrong token", request("POST", "403", "/_matrix/client/v3/login"), []],
    ["a login that failed", request("POST", "500", "/_matrix/client/v3/login"), [failedSignIns.name]],
    ["a preview", request("GET", "200", "/_matrix/client/v1/media/preview_url?url=x"), [previews.name]],
    [
      "a preview that failed",
      request("GET", "502", "/_matrix/media/v3/preview_url?url=x"),
      [failedPreviews.name],
    ],
    ["a key exchange", request("PUT", "200", "/_matrix/client/v3/sendToDevice/m.x/1"), []],
    ["another homeserver's events", request("PUT", "200", "/_matrix/federation/v1/send/1"), []],
  ])("%s counts as %j", (_, line, counted) => {
    const metrics = Object.values(synapseLog).filter(({ pattern }) => filterPattern(pattern)(line));
    expect(metrics.map(({ name }) => name)).toEqual(counted);
  });

  it("the value of a sent message is its duration in seconds", () => {
    const fields = filterPattern(sends.pattern)(request("PUT", "200", `${client}/send/m.room.message/1`));
    expect(fields?.[sends.value.replace("$", "")]).toBe("0.012");
  });
});

describe("the metric of the MCP server's log", () => {
  it.each(["debug", "info", "warn", "error"] as const)("counts errors only: %s", (level) => {
    const lines: string[] = [];
    createLog("debug", (line) => lines.push(line))[level]("tool_call", { outcome: "error" });
    const counted = lines.filter((line) => filterPattern(mcpLog.errors.pattern)(line.trim()));
    expect(counted).toHaveLength(level === "error" ? 1 : 0);
  });
});

describe("the metric filters", () => {
  const filters = Object.values(new Template().resources("aws_cloudwatch_log_metric_filter"));

  it("read the log of their own service", () => {
    expect(filters.map(({ name, log_group_name }) => [name, log_group_name]).sort()).toEqual([
      ["McpErrors", "${aws_cloudwatch_log_group.chat_mcp_server_service_task_log_group.name}"],
      ...[
        "SynapseErrors",
        "SynapseFailedPreviews",
        "SynapseFailedReads",
        "SynapseFailedSends",
        "SynapseFailedSignIns",
        "SynapsePreviews",
        "SynapseReads",
        "SynapseSendSeconds",
        "SynapseSignIns",
      ].map((name) => [name, "${aws_cloudwatch_log_group.chat_synapse_homeserver_task_log_group.name}"]),
    ]);
  });

  it("report zero where nothing was counted, but never a duration of zero", () => {
    const defaults = filters.map(({ name, metric_transformation }) => [
      name,
      (metric_transformation as { default_value?: string }).default_value,
    ]);
    const { SynapseSendSeconds: duration, ...counters } = Object.fromEntries(defaults);
    expect(duration).toBeUndefined();
    expect([...new Set(Object.values(counters))]).toEqual(["0"]);
  });
});
