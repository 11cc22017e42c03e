import { describe, expect, it } from "@jest/globals";
import type { EnvironmentData } from "../../../environments/schema.ts";
import { environment, Template } from "../../../stacks/chat/template.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import {
  federationEndpoints,
  mainEndpoints,
  mediaAdminEndpoints,
  workerEndpoints,
} from "../../../test/worker-endpoints.ts";
import { type AlbOutcome, loadBalancer } from "../../../tools/servers/load-balancer-rules.ts";
import { RESERVED_PRIORITIES, workerRules } from "./paths.ts";
import type { WorkerKind } from "./workers.ts";

const host = "chat-testing.thephenom.app";
const every = { sync: 2, client: 2, events: 1, streams: 1, media: 1, background: 1 };
const federation = { domains: ["matrix.example.org"] };

function balancer(changes: Partial<EnvironmentData>) {
  const ask = loadBalancer(
    Object.values(new Template(environment(changes)).resources("aws_lb_listener_rule")),
  );
  return (target: string, signedIn = false) => word(ask({ host, target, signedIn }));
}

/** Who answers: a kind of worker, the main process, or what the load balancer itself says. */
function word(outcome: AlbOutcome): string {
  if ("forwardTo" in outcome) {
    const [, kind] = /chat_synapse_workers_(\w+)_target_group/.exec(outcome.forwardTo) ?? [];
    return kind ?? (outcome.forwardTo.includes("chat_synapse_homeserver_target_group") ? "main" : "others");
  }
  return "status" in outcome ? String(outcome.status) : "other";
}

const all = balancer({ workers: every, federation });
const kinds = Object.entries(workerEndpoints) as [keyof typeof workerEndpoints, readonly string[]][];

describe("with every kind of worker", () => {
  describe.each(kinds)("workers of the kind %s answer", (kind, paths) => {
    it.each(paths)("%s", (path) => {
      expect(all(path)).toBe(kind);
      expect(all(`${path}?since=s1&dir=b`)).toBe(kind);
    });
  });

  describe("other servers' requests are answered", () => {
    const cases = Object.entries(federationEndpoints).flatMap(([kind, paths]) =>
      paths.map((path) => [path, kind] as const),
    );
    it.each(cases)("%s by %s", (path, kind) => {
      expect(all(path)).toBe(kind);
    });
  });

  describe("the main process answers", () => {
    it.each([...mainEndpoints.client, ...mainEndpoints.others])("%s", (path) => {
      expect(all(path)).toBe("main");
    });

    it.each(mainEndpoints.admin)("%s, to administrators only", (path) => {
      expect(all(path)).toBe("401");
      expect(all(path, true)).toBe("main");
    });
  });

  describe("administrators' requests about media go to the media worker, with the sign-in of the admin paths", () => {
    const closed = balancer({ workers: every, adminAccess: "closed" });
    const open = balancer({ workers: every, adminAccess: "open" });
    it.each(mediaAdminEndpoints)("%s", (path) => {
      expect(all(path)).toBe("401");
      expect(all(path, true)).toBe("media");
      expect(closed(path, true)).toBe("403");
      expect(open(path)).toBe("media");
    });
  });

  it.each([
    ["another version", "/_matrix/client/v9/sync"],
    ["a path that only begins alike", "/_matrix/client/v3/syncs"],
    ["a path that only ends alike", "/x/_matrix/client/v3/sync"],
    ["capitals", "/_matrix/client/V3/sync"],
    ["a room whose name is a path's", "/_matrix/client/v3/rooms/send/forget"],
    ["an unknown path below a room", `/_matrix/client/v3/rooms/!a%3Ab/sendings/x`],
  ])("no worker answers %s: %s", (_, path) => {
    expect(["main", "others", "other"]).toContain(all(path));
  });
});

describe("without workers of a kind, the main process does its work", () => {
  const kindsOfRules = ["sync", "client", "events", "streams", "media"] as const satisfies WorkerKind[];
  it.each(kindsOfRules)("with workers %s alone", (only) => {
    const ask = balancer({ workers: { [only]: 1 } });
    for (const [kind, paths] of kinds)
      for (const path of paths) expect([path, ask(path)]).toEqual([path, kind === only ? kind : "main"]);
  });

  it("with the background worker alone there are no rules", () => {
    const rules = (workers: EnvironmentData["workers"]) =>
      Object.keys(new Template(environment(workers ? { workers } : {})).resources("aws_lb_listener_rule"));
    expect(rules({ background: 1 })).toEqual(rules(undefined));
  });

  it("without federation there are no rules for other servers", () => {
    const ask = balancer({ workers: every });
    for (const path of [...federationEndpoints.client, ...federationEndpoints.streams])
      expect(ask(path)).toBe("main");
  });
});

describe("the workers' rules", () => {
  const template = new Template(environment({ workers: every, federation }));
  const rules = Object.entries(template.resources("aws_lb_listener_rule"));
  const own = rules.filter(([name]) => name.startsWith("chat_synapse_workers_"));

  it("include one for each entry of the list", () => {
    expect(own).toHaveLength(workerRules.length);
    expect(workerRules.length).toBeLessThanOrEqual(RESERVED_PRIORITIES);
  });

  it.each(own)("stay within the load balancer's quotas: %s", (_, body) => {
    const conditions = body["condition"] as {
      host_header?: { values: string[] };
      path_pattern?: { regex_values: string[] };
    }[];
    const values = conditions.map(
      ({ host_header, path_pattern }) => host_header?.values ?? path_pattern?.regex_values ?? [],
    );
    expect(values.flat().length).toBeLessThanOrEqual(5);
    for (const list of values) expect(list.length).toBeLessThanOrEqual(3);
    for (const value of values.flat()) expect(value.length).toBeLessThanOrEqual(128);
  });

  it("have unique priorities before those of the homeserver", () => {
    const priorities = rules.map(([, body]) => Number(body["priority"]));
    expect(new Set(priorities).size).toBe(priorities.length);
    for (const [name, body] of own) {
      withMessage(name, () => expect(Number(body["priority"])).toBeGreaterThanOrEqual(150));
      withMessage(name, () => expect(Number(body["priority"])).toBeLessThan(150 + RESERVED_PRIORITIES));
    }
  });

  it("keep their priorities when a kind is added or removed", () => {
    const of = (workers: EnvironmentData["workers"]) =>
      new Template(environment(workers ? { workers } : {})).resource(
        "aws_lb_listener_rule.chat_synapse_workers_media_rule",
      )["priority"];
    expect(of({ media: 1 })).toBe(of(every));
  });
});
