import { randomInt } from "node:crypto";
import { Diagnostic } from "../../plugin/diagnostic.ts";
import {
  blocksOf,
  isKnown,
  isSet,
  isText,
  listOf,
  textOf,
  type Value,
  type Values,
} from "../../plugin/value.ts";
import { CREATED, characters, DIGIT, hex, LOWER, seedOf, UPPER, uuid } from "../invented.ts";
import { ACCOUNT, lastPart, regionOf } from "./ids.ts";
import { checkPolicy } from "./policy-check.ts";
import type { AwsService } from "./service.ts";
import { namesInUse } from "./unique.ts";

// What a run wrote to a secret or parameter is kept by these keys, so that an ephemeral resource reads it back.
const secretKey = (id: Value | undefined) =>
  `secret|${String(id).replace(/^arn:.*:secret:(.*)-[A-Za-z0-9]{6}$/, "$1")}`;

const parameterPath = (arn: Value | undefined) => String(arn).replace(/^arn:.*:parameter\//, "");

const parameterKey = (arn: Value | undefined) => `parameter|${parameterPath(arn)}`;

/** A secret that the run did not write. */
const inventedSecret = (random: string) =>
  JSON.stringify({ username: "offline", password: `offline-${random}` });

const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

function shuffle<T>(elements: T[]): T[] {
  const rest = [...elements];
  return elements.flatMap(() => rest.splice(randomInt(rest.length), 1));
}

/** What Secrets Manager's `GetRandomPassword` answers: really random, and new each time. */
function randomPassword(config: Values): string {
  const excluded = String(config.exclude_characters ?? "");
  const sets = [
    config.exclude_lowercase === true ? "" : LOWER,
    config.exclude_uppercase === true ? "" : UPPER,
    config.exclude_numbers === true ? "" : DIGIT,
    config.exclude_punctuation === true ? "" : PUNCTUATION,
  ]
    .map((set) => [...set].filter((character) => !excluded.includes(character)))
    .filter((set) => set.length);
  const space = config.include_space === true && !excluded.includes(" ") ? [" "] : [];
  const all = [...sets.flat(), ...space];
  const length = Number(config.password_length ?? 32);
  const refuse = (detail: string): never => {
    throw new Diagnostic("opening Secrets Manager Random Password: InvalidParameterException", detail);
  };
  if (!all.length) refuse("No characters are left to make a password of.");
  const pick = (set: readonly string[]) => set[randomInt(set.length)];
  const required = config.require_each_included_type === false ? [] : sets.map(pick);
  if (required.length > length) refuse(`password_length ${length} is too short to hold every included type.`);
  const rest = Array.from({ length: length - required.length }, () => pick(all));
  return shuffle([...required, ...rest]).join("");
}

export const secrets: AwsService = {
  resources: {
    aws_secretsmanager_secret: {
      check(checks, config) {
        const { name, recovery_window_in_days, policy } = config;
        checks.matches(
          config,
          "name",
          /^[A-Za-z0-9/_+=.@-]{1,512}$/,
          "At most 512 letters, digits and /_+=.@-",
        );
        if (isText(name) && /-[A-Za-z0-9]{6}$/.test(name))
          checks.warning(
            "name",
            `the secret name ${JSON.stringify(name)} ends in a hyphen and six characters`,
            "AWS adds such an ending to the ARN itself, and may find the wrong secret by partial ARN.",
          );
        if (isKnown(recovery_window_in_days) && Number(recovery_window_in_days) !== 0)
          checks.range(config, "recovery_window_in_days", 7, 30);
        if (policy !== "") checkPolicy(checks, "policy", policy, "resource");
      },
      computed(_planned, ids) {
        const name = ids.name();
        const arn = ids.arn("secretsmanager", `secret:${name}-${ids.mixed(6)}`);
        return { name, arn, id: arn, policy: "" };
      },
      replacedBy: ["name", "name_prefix"],
      unique: { by: ["name"], error: "ResourceExistsException" },
    },
    aws_secretsmanager_secret_version: {
      check(checks, config) {
        const values = ["secret_string", "secret_string_wo", "secret_binary"];
        if (!values.some((name) => isSet(config[name])))
          checks.error(
            "secret_string",
            "one of secret_string, secret_string_wo or secret_binary must be specified",
          );
        checks.conflicts(config, "secret_string", ["secret_string_wo", "secret_binary"]);
        checks.conflicts(config, "secret_string_wo", ["secret_binary"]);
        checks.allOrNone(config, ["secret_string_wo", "secret_string_wo_version"]);
        for (const name of ["secret_string", "secret_string_wo"]) {
          const secret = config[name];
          if (isText(secret) && Buffer.byteLength(secret) > 65536)
            checks.error(name, "a secret may have 65536 bytes");
        }
      },
      computed({ secret_id }, ids, { config }) {
        const version = ids.uuid().toUpperCase();
        return {
          id: `${secret_id}|${version}`,
          arn: secret_id,
          version_id: version,
          version_stages: ["AWSCURRENT"],
          has_secret_string_wo: isKnown(config.secret_string_wo),
        };
      },
      replacedBy: ["secret_id", "secret_string", "secret_binary", "secret_string_wo_version"],
      applied: ({ secret_id, arn = null, version_id = null }, { config, run }) =>
        run.secrets.set(secretKey(secret_id), {
          text: config.secret_string_wo ?? config.secret_string ?? null,
          arn,
          version: version_id,
        }),
    },
    aws_secretsmanager_secret_rotation: {
      computed: ({ secret_id }) => ({ id: secret_id, rotation_enabled: true }),
      replacedBy: ["secret_id"],
    },
    aws_secretsmanager_secret_policy: { computed: ({ secret_arn }) => ({ id: secret_arn }) },
    aws_ssm_parameter: {
      check(checks, config) {
        checks.exactlyOne(config, ["insecure_value", "value", "value_wo"]);
        checks.allOrNone(config, ["value_wo", "value_wo_version"]);
        checks.oneOf(config, "type", ["String", "StringList", "SecureString"]);
        checks.matches(config, "name", /^[A-Za-z0-9_.\-/]+$/, "Letters, digits and _.-/ only.");
      },
      computed: ({ name }, ids, { config }) => ({
        id: name,
        arn: ids.arn("ssm", `parameter/${String(name).replace(/^\//, "")}`),
        version: 1,
        tier: "Standard",
        data_type: "text",
        has_value_wo: isKnown(config.value_wo),
      }),
      replacedBy: ["name"],
      unique: { by: ["name"], error: "ParameterAlreadyExists" },
      importedBy: "name",
      applied: ({ arn, name = null, type = null, version = null }, { config, run }) =>
        run.secrets.set(parameterKey(arn), {
          text: config.value_wo ?? config.value ?? config.insecure_value ?? null,
          name,
          type,
          version,
        }),
    },
    aws_kms_key: {
      check(checks, config) {
        if (config.policy !== "") checkPolicy(checks, "policy", config.policy, "resource");
        checks.range(config, "deletion_window_in_days", 7, 30);
      },
      computed(_planned, ids) {
        const id = ids.uuid();
        return { id, key_id: id, arn: ids.arn("kms", `key/${id}`), policy: "", multi_region: false };
      },
      replacedBy: ["key_usage", "customer_master_key_spec", "multi_region"],
    },
    aws_kms_alias: {
      check(checks, config) {
        checks.matches(
          config,
          "name",
          /^alias\/(?!aws\/)[A-Za-z0-9/_-]+$/,
          'A name begins with "alias/", and not with "alias/aws/".',
        );
      },
      computed({ target_key_id: key }, ids) {
        const name = ids.name();
        const keyArn = String(key).startsWith("arn:") ? key : ids.arn("kms", `key/${key}`);
        return { name, id: name, arn: ids.arn("kms", name), target_key_arn: keyArn };
      },
      replacedBy: ["name", "name_prefix"],
      unique: { by: ["name"], error: "AlreadyExistsException" },
    },
  },
  dataSources: {
    // Those that this run has made, unless --data names others.
    aws_secretsmanager_secrets: {
      computed({ filter }, ids, { run }) {
        const wanted = blocksOf(filter)
          .filter(({ name }) => name === "name")
          .flatMap(({ values }) => listOf(values).map(String));
        const found = namesInUse("aws_secretsmanager_secret", ids.region, run).filter(
          ([name]) => !wanted.length || wanted.some((prefix) => name.startsWith(prefix)),
        );
        return { id: ids.region, names: found.map(([name]) => name), arns: found.map(([, arn]) => arn) };
      },
    },
    aws_secretsmanager_secret: {
      computed(config, ids) {
        const name = textOf(config.name) ?? lastPart(config.arn).replace(/-[A-Za-z0-9]{6}$/, "");
        const arn = textOf(config.arn) ?? ids.arn("secretsmanager", `secret:${name}-${ids.mixed(6)}`);
        return {
          name,
          arn,
          id: arn,
          created_date: CREATED,
          last_changed_date: CREATED,
          rotation_enabled: false,
        };
      },
    },
    aws_secretsmanager_secret_version: {
      computed(config, ids) {
        const id = String(config.secret_id);
        return {
          id: `${id}|AWSCURRENT`,
          arn: id.startsWith("arn:") ? id : ids.arn("secretsmanager", `secret:${id}-${ids.mixed(6)}`),
          secret_string: inventedSecret(ids.hex(16)),
          secret_binary: "",
          version_id: ids.uuid(),
          version_stages: ["AWSCURRENT"],
          created_date: CREATED,
        };
      },
    },
    aws_ssm_parameter: {
      computed: ({ name }, ids) => ({
        id: name,
        arn: ids.arn("ssm", `parameter/${String(name).replace(/^\//, "")}`),
        type: "String",
        value: `offline-${ids.hex(8)}`,
        insecure_value: `offline-${ids.hex(8)}`,
        version: 1,
      }),
    },
    aws_kms_key: {
      computed({ key_id }, ids) {
        const id = String(key_id).startsWith("alias/") ? ids.uuid() : lastPart(key_id);
        return {
          id,
          arn: ids.arn("kms", `key/${id}`),
          aws_account_id: ACCOUNT,
          enabled: true,
          key_state: "Enabled",
          key_usage: "ENCRYPT_DECRYPT",
        };
      },
    },
    aws_kms_alias: {
      computed({ name }, ids) {
        const arn = ids.arn("kms", String(name));
        const key = ids.uuid();
        return { id: arn, arn, target_key_id: key, target_key_arn: ids.arn("kms", `key/${key}`) };
      },
    },
  },
  ephemerals: {
    aws_secretsmanager_random_password: {
      check: (checks, config) => checks.range(config, "password_length", 1, 4096),
      open: (config) => ({ random_password: randomPassword(config) }),
    },
    aws_secretsmanager_secret_version: {
      open(config, context) {
        const id = String(config.secret_id);
        const written = context.run.secrets.get(secretKey(id));
        const seed = seedOf("ephemeral", id);
        const suffix = characters(seed, 6, UPPER + LOWER + DIGIT);
        const invented = `arn:aws:secretsmanager:${regionOf(config, context)}:${ACCOUNT}:secret:${id}-${suffix}`;
        return {
          arn: written?.arn ?? (id.startsWith("arn:") ? id : invented),
          created_date: CREATED,
          version_id: written?.version ?? uuid(seed),
          version_stages: [config.version_stage ?? "AWSCURRENT"],
          secret_string: written
            ? written.text
            : (context.run.account?.secrets[id] ?? inventedSecret(hex(seed, 16))),
          secret_binary: "",
        };
      },
    },
    aws_ssm_parameter: {
      check: (checks, config) =>
        checks.matches(
          config,
          "arn",
          /^arn:[^:]*:ssm:[^:]*:[^:]*:parameter\/.+/,
          "arn takes the ARN of a parameter.",
        ),
      open({ arn }, { run }) {
        const written = run.secrets.get(parameterKey(arn));
        const path = parameterPath(arn);
        return {
          name: written?.name ?? (path.includes("/") ? `/${path}` : path),
          type: written?.type ?? "SecureString",
          value: written?.text ?? `offline-${hex(String(arn), 8)}`,
          version: written?.version ?? 1,
          with_decryption: true,
        };
      },
    },
    aws_ecr_authorization_token: {
      open(config, context) {
        const password = hex(seedOf("ecr"), 64);
        return {
          user_name: "AWS",
          password,
          authorization_token: Buffer.from(`AWS:${password}`).toString("base64"),
          proxy_endpoint: `https://${ACCOUNT}.dkr.ecr.${regionOf(config, context)}.amazonaws.com`,
          expires_at: new Date(Date.now() + 12 * 3600e3).toISOString(),
        };
      },
    },
  },
};
