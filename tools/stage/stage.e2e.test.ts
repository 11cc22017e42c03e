import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { IDENTITY_PROVIDER } from "../../shared/matrix-names.ts";
import { builtImages } from "../../test/built-image.ts";
import { describeAsRootWith } from "../../test/jest/describe-if.ts";
import { eventually } from "../../test/jest/eventually.ts";
import {
  type HttpReply,
  McpCaller,
  mobileSignIn,
  type StageBrowser,
  stageBrowser,
} from "../../test/stage.ts";
import { standIns } from "../images/stand-ins.ts";
import { loadBalancer } from "../servers/load-balancer-rules.ts";
import { tools } from "../setup/tools.ts";
import { STAGE_TOOLS } from "./machine.ts";
import { Stage } from "./stage.ts";
import { listenerRules, targetGroups } from "./state.ts";
import { TargetGroup } from "./target-group.ts";
import { Task } from "./task.ts";
import { parseTaskDefinition, type TaskDefinition } from "./task-definition.ts";

const PHENOM = "abc123";
const content = {
  title: "Light over the bay",
  description: "Seen from the pier",
  thumbnail_url: "https://cdn.thephenom.app/t/abc123.jpg",
  media_type: "video",
};
const people = [
  { username: "ann", password: "Correct-Horse-1", groups: ["internal"] },
  { username: "bob", password: "Correct-Horse-2", groups: [] },
  { username: "agent", password: "Correct-Horse-3", groups: ["admin", "internal", "partners"] },
];
const [ann, bob, agent] = people;

/** What a later apply changes: a limit, and the first worker, with the Redis that it needs. */
const changed: EnvironmentData = {
  ...development,
  maxUploadSize: "60M",
  workers: {
    ...{ sync: 1, client: 0, events: 0, streams: 0, media: 0, background: 0 },
    ...{ size: { cpu: 512, memory: 1024 }, redisNodeType: "cache.t4g.micro" },
  },
};

describeAsRootWith(
  ...STAGE_TOOLS,
  "image-tools",
  "redis",
  "moto",
  "terraform",
  "matrix-nio",
)("development on one machine, after its first day,", () => {
  let stage: Stage;
  let browser: StageBrowser;

  beforeAll(async () => {
    const engine = await builtImages();
    stage = await Stage.prepare(development, { engine, people, content: new Map([[PHENOM, content]]) });
    await stage.firstDay();
    browser = stageBrowser(stage);
  }, 900_000);
  afterAll(() => stage?.stop());

  it.each([
    "development",
    "production",
  ])("npm run stage -- %s --plan says what it would start", async (name) => {
    const command = ["tools/run.mjs", "tools/stage/main.ts", name, "--plan", "--engine", "buildah"];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    expect(stdout).toContain(`inputs of environments/${name}.example.tfvars.json`);
    expect(stdout).toContain("8. ops verify");
    expect(stdout).not.toContain("none here");
  }, 60_000);

  it("passes every check of ops verify", async () => {
    const { code, output } = await stage.ops("verify");
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(" 0 failed") });
  }, 120_000);

  it("lets a person sign in over SSO with a Matrix SDK of others, who finds the community and writes there", async () => {
    const loginToken = await mobileSignIn(browser, stage, ann, IDENTITY_PROVIDER);
    const { code, output } = await stage.inside([
      tools["matrix-nio"].path("python"),
      "test/matrix-client.py",
      `https://${development.serverName}`,
      loginToken,
      `#community:${development.serverName}`,
    ]);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(JSON.parse(output.trim().split("\n").at(-1) ?? "")).toEqual({
      user: `@ann:${development.serverName}`,
      sent: "Hello from another SDK",
      read: "Hello from another SDK",
    });
  }, 60_000);

  it("offers all nine tools on Hasura to an MCP client with a token, and resolves a link", async () => {
    // The provisioner makes them members at their sign-in.
    for (const person of [ann, bob]) await mobileSignIn(browser, stage, person, IDENTITY_PROVIDER);
    expect(logOf("mcp")).toContainEqual(expect.objectContaining({ event: "warmed_up" }));
    const caller = await McpCaller.connect(browser, stage, agent);
    expect(new Set(await caller.useEveryTool()).size).toBe(9);
    await caller.call("chat_send_message", {
      room_id: await caller.room("Phenom Community"),
      content: "look",
      message_type: "phenom_link",
      phenom_id: PHENOM,
    });
    await eventually(
      async () =>
        expect(await caller.call("chat_search_messages", { query: "look" })).toMatchObject({
          messages: [{ phenom_id: PHENOM, link_preview: { title: content.title } }],
        }),
      { timeout: 20_000, interval: 500 },
    );
    await caller.close();
  }, 120_000);

  it("previews a link to Phenom content on Matrix", async () => {
    const token = await matrixToken();
    const url = encodeURIComponent(`https://thephenom.app/phenom/${PHENOM}`);
    const reply = await matrix("GET", `/_matrix/client/v1/media/preview_url?url=${url}`, token);
    expect(reply).toMatchObject({ status: 200, json: { "og:title": content.title } });
  }, 60_000);

  it("rolls a broken image back by the circuit breaker, while the server keeps answering", async () => {
    const service = stage.service("mcp");
    const before = service.primary.definition.arn;
    const broken = "applepublicdotcom/phenom-chat-mcp:broken";
    stage.images.replace(broken, standIns().find(({ tag }) => tag.includes("/curl:"))?.tag ?? "");
    await stage.apply(development, { mcp_image_tag: "broken" });
    const answers: number[] = [];
    await eventually(
      async () => {
        answers.push((await browser.get(`https://${development.serverName}/mcp/health`)).status);
        expect(service.primary.definition.arn).toBe(before);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(service.events.map(({ message }) => message).join("\n")).toContain("rolling back to deployment");
    await service.untilStable();
    expect(new Set(answers)).toEqual(new Set([200]));
  }, 120_000);

  it("rolls Synapse for a changed configuration, and keeps its keys, its media and its users", async () => {
    const token = await matrixToken();
    const upload = await matrix("POST", "/_matrix/media/v3/upload?filename=a.txt", token, "kept");
    const { content_uri } = z.object({ content_uri: z.string() }).parse(upload.json);
    const { json: whoami } = await matrix("GET", "/_matrix/client/v3/account/whoami", token);
    const service = stage.service("synapse");
    const [task] = service.tasks;

    await stage.apply(changed, { mcp_image_tag: "testing" });
    await service.untilStable();
    expect(service.tasks.map(({ id }) => id)).not.toContain(task?.id);
    const limits = await matrix("GET", "/_matrix/client/v1/media/config", token);
    expect(limits.json).toEqual({ "m.upload.size": 60 * 2 ** 20 });
    expect((await matrix("GET", "/_matrix/client/v3/account/whoami", token)).json).toEqual(whoami);
    const path = content_uri.replace("mxc://", "");
    expect((await matrix("GET", `/_matrix/client/v1/media/download/${path}`, token)).text).toBe("kept");
  }, 180_000);

  it("answers /sync by a worker, which learns from Redis what the main process stored", async () => {
    const worker = stage.service("synapse_sync_1");
    await worker.untilStable();
    const token = await matrixToken();
    const client = "/_matrix/client/v3";
    const community = encodeURIComponent(`#community:${development.serverName}`);
    const joined = await matrix("POST", `${client}/join/${community}`, token, "{}");
    const { room_id } = z.object({ room_id: z.string() }).parse(joined.json);
    const sync = async (query: string) =>
      z
        .looseObject({ next_batch: z.string() })
        .parse((await matrix("GET", `${client}/sync?${query}`, token)).json);
    const { next_batch } = await sync("timeout=0");
    stage.forwarded.length = 0;
    const waiting = sync(`timeout=20000&since=${next_batch}`);
    const message = JSON.stringify({ msgtype: "m.text", body: "by way of Redis" });
    await matrix("PUT", `${client}/rooms/${room_id}/send/m.room.message/1`, token, message);
    expect(JSON.stringify(await waiting)).toContain("by way of Redis");
    const targetOf = (path: string) =>
      stage.forwarded.find((line) => line.includes(` ${client}${path}`))?.split(" ")[0];
    expect(targetOf("/sync")).toContain(worker.tasks[0]?.interface.address);
    expect(targetOf("/rooms/")).toContain(stage.service("synapse").tasks[0]?.interface.address);
  }, 120_000);

  it("scales the MCP server to three tasks, and loses no request while one is stopped", async () => {
    const service = stage.service("mcp");
    service.desiredCount = 3;
    await service.untilStable();
    const caller = await McpCaller.connect(browser, stage, agent);
    stage.forwarded.length = 0;
    const stopping = service.stopTask(service.tasks[0]?.id ?? "");
    let ended = false;
    void stopping.then(() => {
      ended = true;
    });
    let calls = 0;
    while (!ended) {
      await Promise.all(Array.from({ length: 4 }, () => caller.call("chat_list_rooms", {})));
      calls += 4;
    }
    expect(calls).toBeGreaterThan(8);
    await caller.close();
    await service.untilStable();
    expect(new Set(stage.forwarded.map((line) => line.split(" ")[0])).size).toBeGreaterThanOrEqual(2);
  }, 120_000);

  it("loses only what a load balancer can't repeat when a task is killed, and the callers' repeats make up for it", async () => {
    const service = stage.service("mcp");
    service.desiredCount = 3;
    await service.untilStable();
    const caller = await McpCaller.connect(browser, stage, agent);
    const room_id = await caller.room("Phenom Community");
    const victim = service.tasks[0];
    const lost: { readonly sentAt: number; readonly status: number }[] = [];
    let [sent, stopped] = [0, false];
    /** Repeats a message with the same key until it is answered with success. */
    const deliver = async (number: number) => {
      const draft = { room_id, content: `Survivor ${number}`, idempotency_key: `survivor-${number}` };
      for (;;) {
        const sentAt = performance.now();
        const { status, json } = await caller.send("chat_send_message", draft);
        if (status === 200) return expect(json).toMatchObject({ result: { structuredContent: {} } });
        lost.push({ sentAt, status });
      }
    };
    const sender = async () => {
      while (!stopped) {
        await deliver(++sent);
        // Fewer messages than the database takes of one account, 10 a second.
        await delay(500);
      }
    };
    const senders = Promise.all(Array.from({ length: 4 }, sender));
    await eventually(() => expect(sent).toBeGreaterThan(8), { timeout: 20_000 });
    const killedAt = performance.now();
    const killed = victim?.container("phenom-dev-chat-mcp").kill();
    await eventually(() => expect(service.tasks).not.toContain(victim), { timeout: 20_000, interval: 20 });
    const deregisteredAt = performance.now();
    expect(await killed).toEqual({ code: 137 });
    const sentBefore = sent;
    await service.untilStable();
    await eventually(() => expect(sent).toBeGreaterThan(sentBefore + 8), { timeout: 20_000 });
    stopped = true;
    await senders;

    expect(service.tasks).toHaveLength(3);
    expect(service.stopped.at(-1)?.reason).toMatch(/^Essential container in task exited: .*exit code 137/);
    // A request that was under way, or came before ECS took the task out of its target group. Nothing else is lost.
    for (const { sentAt, status } of lost) {
      expect(status).toBe(502);
      expect(sentAt).toBeLessThan(deregisteredAt);
      expect(sentAt).toBeGreaterThan(killedAt - 10_000);
    }
    const found = z.object({ messages: z.array(z.object({ content: z.string() })) });
    const read = async (cursor?: string): Promise<string[]> => {
      const page = await caller.call("chat_get_messages", { room_id, limit: 100, ...(cursor && { cursor }) });
      const { next_cursor } = z.object({ next_cursor: z.string().optional() }).parse(page);
      const texts = found.parse(page).messages.map(({ content }) => content);
      return [...texts, ...(next_cursor ? await read(next_cursor) : [])];
    };
    const survivors = (await read()).filter((text) => text.startsWith("Survivor "));
    expect(survivors.sort()).toEqual(
      Array.from({ length: sent }, (_, index) => `Survivor ${index + 1}`).sort(),
    );
    await caller.close();
  }, 180_000);

  it("offers the nine tools on Synapse, too", async () => {
    stage.service("mcp").desiredCount = 1;
    await stage.apply({ ...changed, mcp: { ...development.mcp, backend: "synapse" } });
    await stage.service("mcp").untilStable();
    expect(logOf("mcp")).toContainEqual(expect.objectContaining({ event: "warmed_up" }));
    const caller = await McpCaller.connect(browser, stage, agent);
    expect(new Set(await caller.useEveryTool()).size).toBe(9);
    await caller.close();
  }, 180_000);

  it.each(["status", "migrate", "metadata"])("answers ops %s", async (verb) => {
    expect(await stage.ops(verb)).toMatchObject({ code: 0 });
  }, 60_000);

  describe("a mutation is noticed:", () => {
    const definition = (family: string, change: (json: string) => string): TaskDefinition => {
      const values = stage.applied
        .resources("aws_ecs_task_definition")
        .findLast((each) => each["family"] === family);
      return parseTaskDefinition({
        ...values,
        container_definitions: change(String(values?.["container_definitions"])),
      });
    };
    const replaced = (from: string, to: string) => (json: string) => {
      expect(json).toContain(from);
      return json.replace(from, to);
    };

    it("a secret's JSON key", async () => {
      const mutated = definition("phenom-dev-chat-mcp", replaced(":password::", ":passwort::"));
      await expect(Task.start("key", mutated, stage.host)).rejects.toThrow("has no JSON key passwort");
    });

    it("a read-only flag where the program writes", async () => {
      const mutated = definition("phenom-dev-synapse", (json) =>
        json.replaceAll('"readOnly":false', '"readOnly":true'),
      );
      const task = await Task.start("read-only", mutated, stage.host);
      const { code } = await task.exit;
      const { lines } = task.container("phenom-dev-synapse");
      await task.stop();
      expect({ code, lines }).toMatchObject({ code: 73 });
    }, 60_000);

    it("a health check's path", async () => {
      const mutated = definition("phenom-dev-chat-mcp", (json) =>
        replaced("3001/health", "3001/healthy")(json).replace('"startPeriod":60', '"startPeriod":0'),
      );
      const task = await Task.start("health", mutated, stage.host);
      await eventually(() => expect(task.health).toBe("UNHEALTHY"), { timeout: 60_000, interval: 200 });
      await task.stop();
    }, 90_000);

    it("a target group's health check path", async () => {
      const [task] = stage.service("mcp").tasks;
      const group = targetGroups(stage.applied).find(({ name }) => name === "phenom-dev-mcp-tg");
      if (!group || !task) throw new Error("there is no target group or task");
      const { address } = task.interface;
      const state = async (path: string) => {
        const mutated = new TargetGroup({ ...group, health_check: { ...group.health_check, path } }, 60);
        mutated.register(address, group.port);
        await eventually(() => expect(mutated.stateOf(address)).not.toBe("initial"), { timeout: 20_000 });
        const found = mutated.stateOf(address);
        mutated.stop();
        return found;
      };
      expect(await state(group.health_check.path)).toBe("healthy");
      expect(await state("/healthy")).toBe("unhealthy");
    }, 60_000);

    it("a wrong user on the volume", async () => {
      const synapse = definition("phenom-dev-synapse", (json) => json);
      const host = {
        ...stage.host,
        accessPoint: (id: string) => ({ ...stage.host.accessPoint(id), posixUser: { uid: 1000, gid: 1000 } }),
      };
      await expect(Task.start("user", synapse, host)).rejects.toThrow("its access point as 1000:1000");
    });

    it("a listener rule's path", () => {
      const rules = JSON.stringify(listenerRules(stage.applied));
      const mutated = loadBalancer(JSON.parse(rules.replaceAll("/mcp", "/mpc")));
      const request = { host: development.serverName, target: "/mcp" };
      expect(loadBalancer(JSON.parse(rules))(request)).toMatchObject({ priority: 300 });
      expect(mutated(request)).toEqual({ priority: "default" });
    });
  });

  /** What the tasks of a service logged. */
  const logOf = (name: string): unknown[] =>
    stage
      .service(name)
      .tasks.flatMap((task) =>
        task.definition.containers.flatMap((container) =>
          task.container(container.name).lines.map((line) => JSON.parse(line)),
        ),
      );
  const matrix = (method: string, path: string, token: string, body?: string): Promise<HttpReply> =>
    browser.request(`https://${development.serverName}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": body ? "text/plain" : "application/json" },
      body,
    });
  const matrixToken = async (): Promise<string> => {
    const loginToken = await mobileSignIn(browser, stage, ann, IDENTITY_PROVIDER);
    const reply = await browser.request(`https://${development.serverName}/_matrix/client/v3/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "m.login.token", token: loginToken }),
    });
    return z.object({ access_token: z.string() }).parse(reply.json).access_token;
  };
});
