import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { describe, expect, it } from "@jest/globals";
import { App, TerraformStack, Testing } from "cdktf";
import type { Construct } from "constructs";
import fc from "fast-check";
import "../test/jest/cdktf-matchers.ts";
import { fargateMemory } from "./fargate-size.ts";
import { FargateTask } from "./fargate-task.ts";
import { GeneratedSecret } from "./generated-secret.ts";
import { ListenerRule } from "./listener-rule.ts";
import { checkedName } from "./names.ts";

const stack = () =>
  new TerraformStack(new App({ outdir: mkdtempSync(path.join(tmpdir(), "phenom-chat-")) }), "test");
const problems = (construct: Construct) => construct.node.findAll().flatMap((child) => child.node.validate());
const deployment = {
  project: "phenom-dev",
  environment: "development",
  region: "us-east-1",
  accountId: "123456789012",
  protectData: false,
  tags: {},
};

describe("a listener rule", () => {
  const rule = (props: Partial<ConstructorParameters<typeof ListenerRule>[2]>) =>
    problems(
      new ListenerRule(stack(), "rule", {
        deployment,
        listenerArn: "arn",
        priority: 100,
        host: "chat.example.org",
        paths: ["/a"],
        action: { forwardTo: "arn" },
        ...props,
      }),
    );

  it("takes up to three path patterns", () => {
    expect(rule({ paths: ["/a", "/b", "/c"] })).toEqual([]);
  });

  it("refuses more than three values in a condition and names the remedy", () => {
    expect(rule({ paths: ["/a", "/b", "/c", "/d"] })).toEqual([
      "the rule has 4 path patterns, ALB allows 1 to 3 values in one condition: split the rule",
    ]);
  });

  it("refuses more than five values in all", () => {
    expect(rule({ paths: ["/a", "/b", "/c", "/d", "/e"] })).toContain(
      "the rule has 6 condition values, ALB allows 5: split the rule",
    );
  });

  it.each([0, 50_001, 1.5])("refuses the priority %d", (priority) => {
    expect(rule({ priority })).toEqual([
      `the listener rule's priority is ${priority}: choose a whole number from 1 to 50000`,
    ]);
  });
});

describe("a Fargate task", () => {
  const task = (command: string[]) => {
    const s = stack();
    new FargateTask(s, "task", {
      deployment,
      family: "phenom-dev-task",
      size: { cpu: 256, memory: 512 },
      container: {
        image: { uri: "postgres:16-alpine" },
        logMode: "blocking",
        command,
        environment: { B: "2", A: "1" },
      },
    });
    return s;
  };

  it("refuses a command that makes its definition larger than ECS allows", () => {
    expect(
      problems(task(["sh", "-c", "x".repeat(56 * 1024)])).filter((p) => !p.includes("provider")),
    ).toEqual([
      expect.stringMatching(
        /^the containers of phenom-dev-task take \d+ bytes; ECS allows a task definition of 65536, /,
      ),
    ]);
  });

  it("measures the command as Terraform encodes it", () => {
    expect(problems(task(["&".repeat(10 * 1024)])).some((p) => p.includes("ECS allows"))).toBe(true);
  });

  it("sorts its variables", () => {
    expect(Testing.synth(task(["true"]))).toHaveResourceWithProperties(EcsTaskDefinition, {
      container_definitions: expect.stringContaining(
        '"environment" = [{"name" = "A", "value" = "1"}, {"name" = "B", "value" = "2"}]',
      ),
    });
  });

  it("knows the memory sizes of each CPU size", () => {
    expect(fargateMemory[512]).toEqual([1024, 2048, 3072, 4096]);
    expect(fargateMemory[16384]?.at(-1)).toBe(122_880);
  });
});

describe("a generated secret", () => {
  it("is in no attribute that Terraform stores", () => {
    const s = stack();
    new GeneratedSecret(s, "key", {
      deployment,
      name: "key-of-all",
      description: "d",
      length: 40,
      version: 3,
    });
    const json = Testing.synth(s);
    expect(Object.keys(JSON.parse(json).ephemeral.random_password)).toHaveLength(1);
    expect(json).toHaveResourceWithProperties(SecretsmanagerSecretVersion, { secret_string_wo_version: 3 });
    expect(json).not.toHaveResourceWithProperties(SecretsmanagerSecretVersion, {
      secret_string: expect.anything(),
    });
  });
});

describe("a checked name", () => {
  it("is accepted up to AWS's limit, and otherwise the error says by how much to shorten it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (length) => {
        const s = stack();
        expect(checkedName(s, "target group", "a".repeat(length))).toBe("a".repeat(length));
        const found = s.node.validate().filter((message) => message.startsWith("project"));
        expect(found).toEqual(
          length <= 32 ? [] : [expect.stringContaining(`shorten project by at least ${length - 32}`)],
        );
      }),
    );
  });
});
