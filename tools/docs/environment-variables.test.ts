import { expect, it } from "@jest/globals";
import { FargateTask } from "../../constructs/fargate-task.ts";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import { Template } from "../../stacks/chat/template.ts";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { declared, environmentVariables } from "./environment-variables.ts";

it("the page of environment variables is what the constructs set", async () => {
  await expectUpToDate("docs/environment-variables.md", environmentVariables());
});

it("every variable that a declaring program is given is one that it declares", () => {
  const template = new Template();
  for (const construct of template.stack.node.findAll()) {
    const [program, names] =
      construct instanceof NodeLambda
        ? [construct.handler, Object.keys(construct.environment)]
        : construct instanceof FargateTask
          ? [
              construct.family,
              [
                ...Object.keys(construct.container.environment ?? {}),
                ...Object.keys(construct.container.secrets ?? {}),
              ],
            ]
          : ["", []];
    const known = declared[program];
    if (known)
      expect([program, names.filter((name) => !(name in known._zod.def.shape))]).toEqual([program, []]);
  }
});
