import { describe, expect, it } from "@jest/globals";
import { ociSpec, resolveUser } from "./oci-spec.ts";
import { inOrder } from "./task.ts";
import { parseTaskDefinition } from "./task-definition.ts";

const values = (container: object = {}, task: object = {}) => ({
  arn: "arn:aws:ecs:us-east-1:123456789012:task-definition/f:1",
  family: "f",
  cpu: "256",
  memory: "512",
  network_mode: "awsvpc",
  container_definitions: JSON.stringify([{ name: "c", image: "i", ...container }]),
  ...task,
});

describe("a task definition", () => {
  it("has the defaults of ECS", () => {
    const [container] = parseTaskDefinition(values()).containers;
    expect(container).toMatchObject({
      essential: true,
      readonlyRootFilesystem: false,
      stopTimeout: 30,
      linuxParameters: { initProcessEnabled: false, capabilities: { drop: [] } },
    });
  });

  it.each<[string, object, RegExp]>([
    ["a setting that the runner does not know", { privileged: true }, /f: .*privileged/s],
    ["an added capability", { linuxParameters: { capabilities: { add: ["SYS_PTRACE"] } } }, /add/],
    ["limits", { ulimits: [{ name: "nofile", softLimit: 1, hardLimit: 1 }] }, /ulimits/],
    [
      "a log driver that is not awslogs",
      { logConfiguration: { logDriver: "splunk", options: {} } },
      /awslogs/,
    ],
    ["UDP", { portMappings: [{ containerPort: 53, protocol: "udp" }] }, /tcp/],
    ["an interval that ECS refuses", { healthCheck: { command: ["CMD", "x"], interval: 1 } }, />=5/],
  ])("is refused with %s", (_, container, message) => {
    expect(() => parseTaskDefinition(values(container))).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ["a network of its host", { network_mode: "host" }, /awsvpc/],
    [
      "EFS without an access point",
      {
        volume: [
          {
            name: "v",
            efs_volume_configuration: [{ file_system_id: "fs-1", transit_encryption: "ENABLED" }],
          },
        ],
      },
      /volume v: EFS without an access point/,
    ],
    [
      "a volume of Docker",
      { volume: [{ name: "v", docker_volume_configuration: [{}] }] },
      /bind mounts and EFS only/,
    ],
  ])("is refused with %s", (_, task, message) => {
    expect(() => parseTaskDefinition(values({}, task))).toThrow(message);
  });

  it("is refused where containers wait for each other", () => {
    const waits = (name: string, containerName: string) => ({
      ...{ name, image: "i" },
      dependsOn: [{ containerName, condition: "START" }],
    });
    const { containers } = parseTaskDefinition(
      values({}, { container_definitions: JSON.stringify([waits("a", "b"), waits("b", "a")]) }),
    );
    expect(() => inOrder(containers)).toThrow("Containers a, b depend on each other");
  });
});

describe("a container's user", () => {
  const [passwd, group] = ["root:x:0:0::/:/bin/sh\napp:x:7:8::/:/bin/sh\n", "root:x:0:\nstaff:x:50:\n"];
  it.each([
    ["", { uid: 0, gid: 0 }],
    ["app", { uid: 7, gid: 8 }],
    ["7", { uid: 7, gid: 8 }],
    ["9", { uid: 9, gid: 0 }],
    ["app:staff", { uid: 7, gid: 50 }],
    ["9:10", { uid: 9, gid: 10 }],
  ])("%j is what Docker makes of it", (text, user) => {
    expect(resolveUser(text, passwd, group)).toEqual(user);
  });

  it("is refused if the image does not know it", () => {
    expect(() => resolveUser("nobody", passwd, group)).toThrow("the image has no user nobody");
    expect(() => resolveUser("app:nobody", passwd, group)).toThrow("the image has no group nobody");
  });
});

describe("a container's process", () => {
  const image = {
    ...{ entrypoint: ["/entry"], command: ["serve"], environment: [], user: "" },
    ...{ workingDirectory: "/", labels: {}, volumes: [], healthCheck: [] },
  };
  const runtime = {
    ...{ rootFilesystem: "/r", hostname: "h", networkNamespace: "/n", cgroup: "/c", cpu: 256, memory: 512 },
    ...{ environment: {}, mounts: [], init: "/init", user: { uid: 0, gid: 0 } },
  };
  const wordsOf = (container: object) => {
    const [definition] = parseTaskDefinition(values(container)).containers;
    if (!definition) throw new Error("no container");
    return JSON.parse(JSON.stringify(ociSpec(definition, image, runtime))).process.args;
  };

  it("is the image's entry point and command unless the definition has others", () => {
    expect(wordsOf({})).toEqual(["/entry", "serve"]);
    expect(wordsOf({ command: ["x"] })).toEqual(["/entry", "x"]);
    expect(wordsOf({ entryPoint: ["/y"] })).toEqual(["/y"]);
    expect(wordsOf({ linuxParameters: { initProcessEnabled: true } })).toEqual([
      "/dev/init",
      "--",
      "/entry",
      "serve",
    ]);
  });
});
