import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Diagnostic } from "../../plugin/diagnostic.ts";
import {
  blocksOf,
  isObject,
  isText,
  isUnknown,
  textOf,
  type Value,
  type Values,
} from "../../plugin/value.ts";
import { bytes, CREATED } from "../invented.ts";
import type { Context } from "../provider.ts";
import type { Checks } from "./checks.ts";
import { type Ids, lastPart } from "./ids.ts";
import type { AwsService } from "./service.ts";
import { namesInUse } from "./unique.ts";

const runtimes = [
  "nodejs20.x",
  "nodejs22.x",
  "nodejs24.x",
  "python3.10",
  "python3.11",
  "python3.12",
  "python3.13",
  "python3.14",
  "java8.al2",
  "java11",
  "java17",
  "java21",
  "java25",
  "dotnet8",
  "dotnet10",
  "ruby3.2",
  "ruby3.3",
  "ruby3.4",
  "provided.al2",
  "provided.al2023",
];

const oldRuntimes = ["nodejs18.x", "python3.9", "python3.8", "dotnet6"];

const reservedVariables =
  /^(AWS_REGION|AWS_DEFAULT_REGION|AWS_ACCESS_KEY_ID|AWS_ACCESS_KEY|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_LAMBDA_.*|LAMBDA_.*|_HANDLER|AWS_EXECUTION_ENV)$/;

function checkVariables(checks: Checks, environment: Value | undefined): void {
  const variables = blocksOf(environment)[0]?.variables;
  for (const name of isObject(variables) ? Object.keys(variables) : []) {
    if (!/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name))
      checks.error(
        "environment",
        `environment variable name ${JSON.stringify(name)} must match [a-zA-Z]([a-zA-Z0-9_])+`,
      );
    if (reservedVariables.test(name))
      checks.error("environment", `environment variable ${name} is reserved by Lambda`);
  }
}

function checkRuntime(checks: Checks, runtime: Value | undefined): void {
  if (!isText(runtime) || runtime === "") return;
  if (oldRuntimes.includes(runtime))
    checks.warning(
      "runtime",
      `runtime ${runtime} is at the end of its life`,
      "AWS refuses new functions with it, or soon will.",
    );
  else if (!runtimes.includes(runtime))
    checks.error("runtime", `expected runtime to be one of ${JSON.stringify(runtimes)}, got ${runtime}`);
}

/** @throws Diagnostic if the file is not there */
function packageOf({ filename }: Values, ids: Ids, { run }: Context): { size: number; hash: string } {
  const file = textOf(filename);
  if (file === undefined) return { size: 0, hash: bytes(ids.seed, 32).toString("base64") };
  const location = path.resolve(run.folder, file);
  if (!existsSync(location))
    throw new Diagnostic(
      `reading ZIP file (${file})`,
      `open ${file}: no such file. Paths are taken from the folder terraform runs in.`,
      ["filename"],
    );
  const content = readFileSync(location);
  return { size: content.length, hash: createHash("sha256").update(content).digest("base64") };
}

const invokeArn = (ids: Ids, arn: string) =>
  `arn:aws:apigateway:${ids.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;

const functionArn = (ids: Ids, name: Value | undefined) =>
  String(name).startsWith("arn:") ? name : ids.arn("lambda", `function:${name}`);

export const lambda: AwsService = {
  resources: {
    aws_lambda_function: {
      check(checks, config) {
        const { package_type, filename, s3_bucket, image_uri, role } = config;
        checks.matches(
          config,
          "function_name",
          /^(arn:[^\s]+|[A-Za-z0-9_-]{1,64})$/,
          "At most 64 letters, digits, - and _.",
        );
        checkRuntime(checks, config.runtime);
        checks.range(config, "memory_size", 128, 32768);
        checks.range(config, "timeout", 1, 900);
        if (package_type === "Image")
          checks.required(config, "image_uri", "A function of package type Image needs image_uri.");
        else if (!isUnknown(package_type)) {
          checks.required(config, "handler", "A function of package type Zip needs a handler.");
          checks.required(config, "runtime", "A function of package type Zip needs a runtime.");
          if ([filename, s3_bucket, image_uri].every((value) => value === null))
            checks.error("filename", "one of filename, image_uri or s3_bucket must be specified");
        }
        checkVariables(checks, config.environment);
        if (isText(role) && !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/.test(role))
          checks.error("role", `role takes the ARN of a role, got ${JSON.stringify(role)}`);
      },
      computed(planned, ids, context) {
        const { function_name, publish } = planned;
        const arn = ids.arn("lambda", `function:${function_name}`);
        const version = publish === true ? "1" : "$LATEST";
        const { size, hash } = packageOf(planned, ids, context);
        return {
          arn,
          id: function_name,
          qualified_arn: `${arn}:${version}`,
          invoke_arn: invokeArn(ids, arn),
          qualified_invoke_arn: invokeArn(ids, `${arn}:${version}`),
          response_streaming_invoke_arn:
            `arn:aws:apigateway:${ids.region}:lambda:path/2021-11-15/functions/${arn}/` +
            "response-streaming-invocations",
          version,
          last_modified: "2025-01-01T00:00:00.000+0000",
          source_code_size: size,
          source_code_hash: hash,
          code_sha256: hash,
          architectures: ["x86_64"],
        };
      },
      replacedBy: ["function_name", "package_type"],
      unique: { by: ["function_name"], error: "ResourceConflictException" },
      importedBy: "function_name",
    },
    aws_lambda_permission: {
      check(checks, config) {
        checks.matches(
          config,
          "action",
          /^lambda:[A-Za-z*]+$|^\*$/,
          "An action is such as lambda:InvokeFunction.",
        );
        checks.matches(
          config,
          "statement_id",
          /^[A-Za-z0-9_-]{1,100}$/,
          "At most 100 letters, digits, - and _.",
        );
      },
      computed({ statement_id }, ids) {
        const generated = ids.prefixed("statement_id_prefix", ids.hex(20));
        return { id: textOf(statement_id) ?? generated, statement_id: generated };
      },
      replacedBy: [
        "action",
        "function_name",
        "principal",
        "source_arn",
        "source_account",
        "statement_id",
        "qualifier",
      ],
      unique: { by: ["function_name", "statement_id", "qualifier"], error: "ResourceConflictException" },
    },
    aws_lambda_alias: {
      computed({ function_name, name }, ids) {
        const arn = ids.arn("lambda", `function:${lastPart(function_name)}:${name}`);
        return { arn, id: arn, invoke_arn: invokeArn(ids, arn) };
      },
      replacedBy: ["name", "function_name"],
      unique: { by: ["function_name", "name"], error: "ResourceConflictException" },
    },
    aws_lambda_event_source_mapping: {
      computed({ function_name }, ids) {
        const id = ids.uuid();
        return {
          id,
          uuid: id,
          arn: ids.arn("lambda", `event-source-mapping:${id}`),
          function_arn: functionArn(ids, function_name),
          state: "Enabled",
          last_modified: CREATED,
        };
      },
      replacedBy: ["event_source_arn"],
    },
    aws_lambda_function_url: {
      computed({ function_name }, ids) {
        const id = ids.lower(32);
        return {
          id: lastPart(function_name),
          url_id: id,
          function_url: `https://${id}.lambda-url.${ids.region}.on.aws/`,
          function_arn: functionArn(ids, function_name),
        };
      },
      replacedBy: ["function_name", "qualifier"],
      unique: { by: ["function_name", "qualifier"], error: "ResourceConflictException" },
    },
    aws_lambda_layer_version: {
      computed({ layer_name }, ids) {
        const arn = ids.arn("lambda", `layer:${layer_name}`);
        return { layer_arn: arn, arn: `${arn}:1`, id: `${arn}:1`, version: "1", created_date: CREATED };
      },
    },
  },
  dataSources: {
    // Those that this run has made, unless --data names others.
    aws_lambda_functions: {
      computed(_config, ids, { run }) {
        const names = namesInUse("aws_lambda_function", ids.region, run).map(([name]) => name);
        return {
          id: ids.region,
          function_names: names,
          function_arns: names.map((name) => ids.arn("lambda", `function:${name}`)),
        };
      },
    },
    aws_lambda_function: {
      computed({ function_name }, ids) {
        const arn = ids.arn("lambda", `function:${lastPart(function_name)}`);
        return {
          id: function_name,
          arn,
          qualified_arn: `${arn}:$LATEST`,
          invoke_arn: invokeArn(ids, arn),
          version: "$LATEST",
          role: ids.globalArn("iam", "role/offline"),
          handler: "index.handler",
          runtime: "nodejs22.x",
          memory_size: 128,
          timeout: 3,
        };
      },
    },
  },
  ephemerals: {
    aws_lambda_invocation: {
      check(checks, config) {
        checks.json("payload", config.payload);
        checks.oneOf(config, "log_type", ["None", "Tail"]);
      },
      open: () => ({ executed_version: "$LATEST", result: "{}", status_code: 200, log_result: "" }),
    },
  },
};
