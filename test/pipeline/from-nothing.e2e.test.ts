import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { environmentVariables } from "../../tools/terraform/variables.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { Rehearsal, type Result } from "./rehearsal.ts";

/** What docs/from-an-empty-account.md exports, and nothing else. */
const variables = environmentVariables({
  cloudflare_zone_id: "0123456789abcdef0123456789abcdef",
  alarm_emails: ["on-call@example.org"],
});

describeWith("terraform")("an empty account, by the commands of its page", () => {
  let account: Rehearsal;
  let result: Result;
  const passwords: unknown[] = [];

  beforeAll(async () => {
    account = await Rehearsal.start();
    account.reset();
    account.useStateInMemory();
    await account.useOwnPlatform();
    Object.assign(account.aws.answers, {
      GetSecretValue: () => ({
        SecretString: JSON.stringify({ AGENT_USERNAME: "phenom-agent", AGENT_PASSWORD: "p".repeat(40) }),
      }),
      AdminGetUser: () => ({ Username: "phenom-agent", UserStatus: "FORCE_CHANGE_PASSWORD" }),
      AdminSetUserPassword: (input: Record<string, unknown>) => {
        passwords.push(input["Username"]);
        return {};
      },
    });
    result = await account.ops("deploy", variables, "--yes", "--platform");
  }, 300_000);
  afterAll(() => account?.stop());

  const platform = (type: string) =>
    account.platformState().resources.find((resource) => resource.type === type)?.instances[0]?.attributes;

  it("gets platform and chat, in the order that works", () => {
    withMessage(result.stderr, () => expect(result.exitCode).toBe(0));
    const steps = [...result.stderr.matchAll(/^== (.*)$/gm)].map(([, step]) => step);
    expect(steps).toEqual([
      "platform, first pass",
      "apply what the database tasks need",
      "run database_setup",
      "run migration",
      "apply the rest",
      "wait for the services",
      "platform, second pass",
      "run bootstrap",
      "run metadata",
      "verify",
    ]);
    expect(passwords).toEqual(["phenom-agent"]);
  });

  it("has the chat's functions as triggers of the user pool in the end", () => {
    expect(platform("aws_cognito_user_pool")).toMatchObject({
      lambda_config: [
        {
          post_authentication:
            "arn:aws:lambda:us-east-1:123456789012:function:phenom-dev-chat-user-provisioner",
          pre_token_generation_config: [
            {
              lambda_arn: "arn:aws:lambda:us-east-1:123456789012:function:phenom-dev-chat-token-enhancement",
            },
          ],
        },
      ],
    });
  });

  it("has the chat's event secret in Hasura in the end", () => {
    const secret = account
      .state()
      .resources.filter(({ type }) => type === "aws_secretsmanager_secret")
      .flatMap(({ instances }) => instances)
      .find(({ attributes }) => String(attributes["name"]).endsWith("-chat-link-preview-webhook"));
    expect(String(platform("aws_ecs_task_definition")?.["container_definitions"])).toContain(
      `{"name":"CHAT_LINK_PREVIEW_SECRET","valueFrom":"${secret?.attributes["arn"]}"}`,
    );
  });

  it("gets the pipeline's roles, and is empty again after the page's last commands", async () => {
    await account.useStateOf("pipeline-development");
    const page = readFileSync("docs/from-an-empty-account.md", "utf8");
    const destroyed = [...page.matchAll(/^ {4}npm run destroy -- (\S+)$/gm)].map(([, stack = ""]) => stack);
    expect(destroyed).toHaveLength(3);
    const run = async (verb: "apply" | "destroy", stack: string) => {
      const { exitCode, stdout, stderr } = await account.terraform(verb, stack, variables);
      withMessage(`${stack}: ${stderr}`, () => expect(exitCode).toBe(0));
      return stdout;
    };
    expect(await run("apply", "pipeline-development")).toContain("Apply complete!");
    for (const stack of destroyed)
      expect(await run("destroy", stack)).toMatch(/Destroy complete! Resources: [1-9]\d* destroyed/);
    expect([account.state().resources, account.platformState().resources]).toEqual([[], []]);
  }, 300_000);
});
