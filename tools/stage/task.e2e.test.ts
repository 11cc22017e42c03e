import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { builtImage } from "../../test/built-image.ts";
import { describeAsRootWith } from "../../test/jest/describe-if.ts";
import { eventually } from "../../test/jest/eventually.ts";
import type { LocalImage } from "./images.ts";
import { type Machine, STAGE_TOOLS, takeMachine } from "./machine.ts";
import { Task, type TaskHost, type TaskOptions } from "./task.ts";
import { parseTaskDefinition } from "./task-definition.ts";

/** Prints one line of JSON. */
const node = (script: string) => ["node", "-e", script];
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbCdEf:key::";

describeAsRootWith(...STAGE_TOOLS, "image-tools")("a task runs as on Fargate:", () => {
  let image: LocalImage;
  let machine: Machine;
  let host: TaskHost;
  let running: Task[] = [];
  let count = 0;

  beforeAll(async () => {
    image = await builtImage("mcp");
    machine = takeMachine();
    host = {
      machine,
      files: [],
      environment: () => ({}),
      image: async () => image,
      secret: async (valueFrom) => `value of ${valueFrom}`,
      accessPoint: () => ({
        folder: path.join(machine.folder, "efs"),
        posixUser: { uid: 65532, gid: 65532 },
      }),
      haste: 10,
    };
  }, 600_000);
  afterEach(async () => {
    await Promise.all(running.map((task) => task.stop()));
    running = [];
  });
  afterAll(() => machine?.remove());

  const start = async (container: object, task: object = {}, options: TaskOptions = {}) => {
    const definition = parseTaskDefinition({
      arn: "arn:aws:ecs:us-east-1:123456789012:task-definition/f:1",
      family: "f",
      cpu: "256",
      memory: "512",
      network_mode: "awsvpc",
      container_definitions: JSON.stringify([{ name: "c", image: "i", stopTimeout: 2, ...container }]),
      ...task,
    });
    const started = await Task.start(`test-${++count}`, definition, host, options);
    running.push(started);
    return started;
  };
  const outcome = async (container: object, task: object = {}) => {
    const started = await start(container, task);
    const { code } = await started.exit;
    return { code, lines: started.container("c").lines };
  };

  it("with the image's user, or the definition's", async () => {
    const command = node("console.log(process.getuid(), process.getgid())");
    expect(await outcome({ command })).toEqual({ code: 0, lines: ["65532 65532"] });
    expect((await outcome({ command, user: "7:8" })).lines).toEqual(["7 8"]);
  });

  it("with a read-only root file system if the definition says so", async () => {
    const command = node("require('fs').writeFile('/app/x', '', (e) => console.log(e?.code ?? 'written'))");
    expect((await outcome({ command, user: "0", readonlyRootFilesystem: true })).lines).toEqual(["EROFS"]);
    expect((await outcome({ command, user: "0" })).lines).toEqual(["written"]);
    const after = node("console.log(require('fs').existsSync('/app/x'))");
    expect((await outcome({ command: after })).lines).toEqual(["false"]);
  });

  it("without the capabilities that it drops", async () => {
    const command = node(
      "console.log(/CapBnd:\\s*(\\w+)/.exec(require('fs').readFileSync('/proc/self/status'))[1])",
    );
    const drop = (...names: string[]) => ({ linuxParameters: { capabilities: { drop: names } } });
    expect((await outcome({ command })).lines).toEqual(["00000000a80425fb"]);
    expect((await outcome({ command, ...drop("NET_RAW") })).lines).toEqual(["00000000a80405fb"]);
    expect((await outcome({ command, ...drop("ALL") })).lines).toEqual(["0000000000000000"]);
  });

  it("behind an init process if the definition says so", async () => {
    const command = node("console.log(process.pid)");
    expect((await outcome({ command })).lines).toEqual(["1"]);
    expect((await outcome({ command, linuxParameters: { initProcessEnabled: true } })).lines).not.toEqual([
      "1",
    ]);
  });

  it("with the image's variables, the definition's, and the secrets' values", async () => {
    const { lines } = await outcome({
      command: node("console.log(JSON.stringify(process.env))"),
      environment: [{ name: "PORT", value: "1" }],
      secrets: [{ name: "S", valueFrom: SECRET }],
    });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      NODE_ENV: "production",
      PORT: "1",
      S: `value of ${SECRET}`,
    });
    const config = path.join(machine.folder, "tasks", `test-${count}`, "c", "config.json");
    expect(() => readFileSync(config)).toThrow("ENOENT");
  });

  it("in the memory of its task", async () => {
    const command = node("const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1))");
    expect((await outcome({ command }, { memory: "512" })).code).toBe(137);
  });

  it("on the share of a processor that its task has", async () => {
    const command = node(
      "const t = process.hrtime.bigint(), c = process.cpuUsage(); while (process.hrtime.bigint() - t < 1500000000n); console.log(process.cpuUsage(c).user)",
    );
    const { lines } = await outcome({ command });
    // A quarter of 1.5 s, and what the first period gives at once.
    expect(Number(lines[0])).toBeLessThan(700_000);
  });

  it("with an address of its own, from which it reaches its stage alone", async () => {
    const script = "Object.values(require('os').networkInterfaces()).flat().map((i) => i.address).sort()";
    const one = await start({ command: node(`console.log(JSON.stringify(${script}))`) });
    await one.exit;
    const addresses: string[] = JSON.parse(one.container("c").lines[0] ?? "");
    expect(addresses).toContain(one.interface.address);
    const connect = node(
      "require('net').connect(80, '192.0.2.1').on('error', (e) => console.log(e.code)).on('connect', () => console.log('connected'))",
    );
    expect((await outcome({ command: connect })).lines).toEqual(["ENETUNREACH"]);
  });

  it("with volumes of ECS: root's, unless the image declares one; and EFS as the access point's user", async () => {
    mkdirSync(path.join(machine.folder, "efs"), { recursive: true });
    const script = (folder: string) =>
      node(`require('fs').writeFile('${folder}/x', 'kept', (e) => console.log(e?.code ?? 'written'))`);
    const mounted = (command: string[]) => ({
      command,
      mountPoints: [{ sourceVolume: "v", containerPath: "/data" }],
    });
    const bind = { volume: [{ name: "v" }] };
    expect((await outcome(mounted(script("/data")), bind)).lines).toEqual(["EACCES"]);
    expect((await outcome({ ...mounted(script("/data")), user: "0" }, bind)).lines).toEqual(["written"]);
    const efs = {
      volume: [
        {
          name: "v",
          efs_volume_configuration: [
            {
              file_system_id: "fs-1",
              transit_encryption: "ENABLED",
              authorization_config: [{ access_point_id: "fsap-1", iam: "ENABLED" }],
            },
          ],
        },
      ],
    };
    writeFileSync(path.join(machine.folder, "efs", "before"), "");
    const list = node("console.log(require('fs').readdirSync('/data').join())");
    expect((await outcome(mounted(list), efs)).lines).toEqual(["before"]);
    await expect(start({ ...mounted(list), user: "1000:1000" }, efs)).rejects.toThrow(
      "the container runs as user 1000:1000, its access point as 65532:65532",
    );
  });

  it("until SIGTERM, which it may answer within its stop timeout", async () => {
    const wait = "setInterval(() => {}, 1000); console.log('ready')";
    const polite = await start({ command: node(`process.on('SIGTERM', () => process.exit(3)); ${wait}`) });
    const stubborn = await start({ command: node(`process.on('SIGTERM', () => {}); ${wait}`) });
    for (const task of [polite, stubborn])
      await eventually(() => expect(task.container("c").lines).toEqual(["ready"]));
    await Promise.all([polite.stop(), stubborn.stop()]);
    expect((await polite.exit).code).toBe(3);
    expect((await stubborn.exit).code).toBe(137);
  });

  it("and tells whether its health check passes, from inside the container", async () => {
    const serve = (status: number) =>
      node(`require('http').createServer((_, r) => r.writeHead(${status}).end()).listen(80, '127.0.0.1')`);
    const check = (path: string) => ({
      healthCheck: {
        command: [
          "CMD",
          ...node(
            `fetch('http://127.0.0.1:80${path}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
          ),
        ],
        interval: 5,
        retries: 1,
        timeout: 5,
      },
    });
    const well = await start({ command: serve(200), user: "0", ...check("/") });
    const ill = await start({ command: serve(500), user: "0", ...check("/") });
    await eventually(() => expect([well.health, ill.health]).toEqual(["HEALTHY", "UNHEALTHY"]));
  });

  it("in the order of its dependencies", async () => {
    const task = await start(
      {},
      {
        container_definitions: JSON.stringify([
          {
            name: "c",
            image: "i",
            command: node("console.log('second')"),
            dependsOn: [{ containerName: "first", condition: "SUCCESS" }],
          },
          { name: "first", image: "i", essential: false, command: node("setTimeout(() => {}, 200)") },
        ]),
      },
    );
    expect(task.container("first").exited).toEqual({ code: 0 });
    expect((await task.exit).code).toBe(0);
  });

  it("and leaves nothing behind", async () => {
    const before = readFileSync("/proc/self/mounts", "utf8");
    expect(before).not.toContain(`${machine.folder}/tasks`);
  });
});
