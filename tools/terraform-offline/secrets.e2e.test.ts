import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith } from "../../test/jest/describe-if.ts";
import {
  type Configuration,
  emptyFolder,
  folderOf,
  writeConfiguration,
} from "../../test/terraform/configuration.ts";
import { runTool } from "../../test/terraform/tool.ts";

const secret = { aws_secretsmanager_secret: { s: { name: "s" } } };
const version = (more: object) => ({
  aws_secretsmanager_secret_version: { v: { secret_id: "${aws_secretsmanager_secret.s.id}", ...more } },
});
const writeOnlyVersion = (value: string, n = 1) =>
  version({ secret_string_wo: value, secret_string_wo_version: n });
const database = (more: object) => ({
  aws_db_instance: {
    d: {
      identifier: "d",
      instance_class: "db.t4g.micro",
      engine: "postgres",
      allocated_storage: 20,
      username: "u",
      skip_final_snapshot: true,
      ...more,
    },
  },
});
const parameter = (more: object) => ({
  aws_ssm_parameter: { p: { name: "/a/b", type: "SecureString", ...more } },
});
const password = { random_password: { p: { length: 24, override_special: "!#%" } } };
const PASSWORD = "${ephemeral.random_password.p.result}";

/** Conditions that Terraform itself checks, once the ephemeral resource was opened. */
const must = (...conditions: string[]) => ({
  lifecycle: {
    postcondition: conditions.map((condition) => ({
      condition: `\${${condition}}`,
      error_message: condition,
    })),
  },
});

const check = (configuration: Configuration, ...options: string[]) =>
  runTool([folderOf(configuration), "check", ...options]);

const changes = z.object({
  resource_changes: z.array(
    z.object({ type: z.string(), change: z.object({ actions: z.array(z.string()) }) }),
  ),
});

describeWith("terraform")("ephemeral resources", () => {
  it("are opened with values of the right form", async () => {
    const configuration: Configuration = {
      provider: {
        cloudflare: [{ api_token: "${ephemeral.aws_secretsmanager_secret_version.token.secret_string}" }],
      },
      ephemeral: {
        random_password: {
          p: {
            length: 30,
            special: false,
            min_numeric: 5,
            ...must(
              "length(self.result) == 30",
              'can(regex("^[0-9A-Za-z]+$", self.result))',
              "self.lower && !self.special",
              'startswith(self.bcrypt_hash, "$2a$")',
            ),
          },
        },
        aws_secretsmanager_random_password: {
          p: must("length(self.random_password) == 32"),
          q: {
            password_length: 40,
            exclude_characters: "abc",
            exclude_punctuation: true,
            exclude_uppercase: true,
            ...must("length(self.random_password) == 40", 'can(regex("^[0-9d-z]+$", self.random_password))'),
          },
        },
        aws_secretsmanager_secret_version: {
          token: {
            secret_id: "token",
            ...must(
              'jsondecode(self.secret_string).username == "offline"',
              'self.version_stages[0] == "AWSCURRENT"',
              'startswith(self.arn, "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-")',
            ),
          },
        },
        aws_ssm_parameter: {
          p: {
            arn: "arn:aws:ssm:us-east-1:123456789012:parameter/a/b",
            ...must(
              'self.name == "/a/b"',
              "self.with_decryption",
              "length(self.value) > 0",
              "self.version == 1",
            ),
          },
        },
        aws_lambda_invocation: {
          l: {
            function_name: "f",
            payload: "{}",
            ...must("self.status_code == 200", 'self.payload == "{}"'),
          },
        },
        aws_ecr_authorization_token: {
          e: must('base64decode(self.authorization_token) == "AWS:${self.password}"'),
        },
        tls_private_key: {
          k: {
            algorithm: "RSA",
            ...must(
              "self.rsa_bits == 2048",
              'startswith(self.private_key_pem, "-----BEGIN RSA PRIVATE KEY-----")',
            ),
          },
        },
      },
      resource: {
        cloudflare_dns_record: { r: { zone_id: "z", name: "a.b", type: "CNAME", content: "c.d", ttl: 1 } },
      },
    };
    // A plan opens them.
    expect(await check(configuration, "--plan-only")).toMatchObject({ code: 0 });
  });

  it("read back what the same run wrote", async () => {
    const result = await check({
      ephemeral: {
        ...password,
        aws_secretsmanager_secret_version: {
          back: {
            secret_id: "${aws_secretsmanager_secret_version.v.secret_id}",
            ...must(
              "length(jsondecode(self.secret_string).pw) == 24",
              "self.version_id == aws_secretsmanager_secret_version.v.version_id",
            ),
          },
        },
        aws_ssm_parameter: {
          back: {
            arn: "${aws_ssm_parameter.p.arn}",
            ...must("length(self.value) == 24", 'self.type == "SecureString"'),
          },
        },
      },
      resource: {
        ...secret,
        ...writeOnlyVersion("${jsonencode({pw = ephemeral.random_password.p.result})}"),
        ...parameter({ value_wo: PASSWORD, value_wo_version: 1 }),
        ...database({
          password_wo: "${jsondecode(ephemeral.aws_secretsmanager_secret_version.back.secret_string).pw}",
          password_wo_version: 1,
        }),
      },
    });
    expect(result).toMatchObject({ code: 0, output: expect.stringMatching(/plan again .*No changes/) });
  });

  describe("are refused", () => {
    let output: string;
    beforeAll(async () => {
      const ephemeral = {
        random_password: { ...password.random_password, kept: { length: 9, keepers: {} } },
        random_string: { p: { length: 9 } },
      };
      const run = await check({
        ephemeral,
        output: { o: { value: PASSWORD } },
        resource: { ...secret, ...version({ secret_string: PASSWORD }) },
      });
      expect(run.code).toBe(1);
      output = run.output;
    });

    it.each([
      ["with the arguments of the resource of that name", /No argument or block type is named "keepers"/],
      ["of an unknown type", /does not support ephemeral resource\s+"random_string"/],
      ["in an output", /Ephemeral value not allowed/],
      ["in an argument that is kept in the state", /Ephemeral values are not valid for "secret_string"/],
    ])("%s", (_, message) => expect(output).toMatch(message));
  });
});

describeWith("terraform")("write-only arguments", () => {
  it("are kept in no plan and no state", async () => {
    const value = "Never-To-Be-Seen-1";
    const folder = emptyFolder();
    const [plan, state] = [path.join(folder, "plan.json"), path.join(folder, "state.json")];
    const result = await check(
      {
        variable: { v: { type: "string", ephemeral: true, sensitive: true } },
        resource: {
          ...secret,
          ...writeOnlyVersion("${var.v}"),
          ...parameter({ value_wo: "${var.v}", value_wo_version: 1 }),
          ...database({ password_wo: "${var.v}", password_wo_version: 1 }),
        },
      },
      "--json",
      plan,
      "--state",
      state,
      "--var",
      `v=${value}`,
    );
    expect(result).toMatchObject({ code: 0 });
    for (const file of [plan, state]) expect(readFileSync(file, "utf8")).not.toContain(value);
    expect(JSON.parse(readFileSync(state, "utf8")).values.root_module.resources).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: "aws_secretsmanager_secret_version",
          values: expect.objectContaining({
            secret_string_wo: null,
            secret_string: null,
            secret_string_wo_version: 1,
            has_secret_string_wo: true,
          }),
        }),
        expect.objectContaining({
          type: "aws_db_instance",
          values: expect.objectContaining({ password_wo: null }),
        }),
        expect.objectContaining({
          type: "aws_ssm_parameter",
          values: expect.objectContaining({ value_wo: null, has_value_wo: true }),
        }),
      ]),
    );
  });

  it("are written anew at a higher version: in place, but a secret's version is replaced", async () => {
    const configuration = (n: number): Configuration => ({
      ephemeral: password,
      resource: {
        ...secret,
        ...writeOnlyVersion(PASSWORD, n),
        ...parameter({ value_wo: PASSWORD, value_wo_version: n }),
        ...database({ password_wo: PASSWORD, password_wo_version: n }),
      },
    });
    const folder = folderOf(configuration(1));
    const terraform = (...args: string[]) => runTool([folder, ...args]);
    await terraform("init");
    expect(await terraform("apply", "-auto-approve")).toMatchObject({ code: 0 });
    writeConfiguration(folder, configuration(2));
    expect(await terraform("plan", "-out=p")).toMatchObject({ code: 0 });
    const { stdout } = await terraform("show", "-json", "p");
    const actions = changes
      .parse(JSON.parse(stdout))
      .resource_changes.map(({ type, change }) => [type, change.actions.join()]);
    expect(Object.fromEntries(actions)).toEqual({
      aws_secretsmanager_secret: "no-op",
      aws_secretsmanager_secret_version: "delete,create",
      aws_ssm_parameter: "update",
      aws_db_instance: "update",
    });
    expect(await terraform("apply", "p")).toMatchObject({ code: 0 });
    expect(await terraform("plan", "-detailed-exitcode")).toMatchObject({ code: 0 });
  });

  it("exclude their ordinary twins and need a version", async () => {
    const { code, output } = await check({
      resource: {
        aws_secretsmanager_secret_version: {
          b: {
            secret_id: "s",
            secret_string: "a",
            secret_string_wo: "b",
            secret_string_wo_version: 1,
          },
          c: { secret_id: "s", secret_string_wo: "c" },
        },
      },
    });
    expect(code).toBe(1);
    expect(output).toMatch(
      /Conflicting configuration arguments\s+.*"secret_string": conflicts with secret_string_wo/s,
    );
    expect(output).toMatch(
      /Missing required argument\s+.*"secret_string_wo": all of `secret_string_wo,secret_string_wo_version` must/s,
    );
  });
});
