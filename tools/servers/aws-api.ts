import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import * as ecs from "@aws-sdk/client-ecs";
import * as secrets from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { close, listen } from "./listening.ts";

/** An error of AWS. */
export class AwsFault extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** The answer of AWS to an operation; the input is what the SDK sent. */
export type Answer = (input: Readonly<Record<string, unknown>>) => object | Promise<object>;

export interface AwsServer {
  readonly url: string;
  /** Calls in order: the operation, such as `RunTask`, and its input. */
  readonly calls: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** Answers by operation; a test may change them at any time. */
  readonly answers: Record<string, Answer>;
  /** Answers of the services that use XML, by action. */
  readonly xml: Record<string, (parameters: URLSearchParams) => string>;
  /** Objects in S3 by `bucket/key`. */
  readonly objects: Map<string, string>;
  /** Account of the credentials. */
  account: string;
  stop(): Promise<void>;
}

/** AWS services with JSON by the first word of x-amz-target, and their SDK clients. */
const services: Readonly<Record<string, { readonly sdk: object; readonly client: string }>> = {
  AmazonEC2ContainerServiceV20141113: { sdk: ecs, client: "ECSClient" },
  Logs_20140328: { sdk: logs, client: "CloudWatchLogsClient" },
  AWSCognitoIdentityProviderService: { sdk: cognito, client: "CognitoIdentityProviderClient" },
  secretsmanager: { sdk: secrets, client: "SecretsManagerClient" },
};

/**
 * A fake of AWS on a free port of loopback, for the SDK's real clients (AWS_ENDPOINT_URL). Services with JSON give the
 * test's answers, S3 and STS answer by themselves, and `emulator` answers everything else, if there is one. The SDK's
 * deserialiser reads each of the test's answers first: a member that AWS does not have, or of another type, is an error.
 */
export async function startAws(emulator?: string): Promise<AwsServer> {
  const state: Omit<AwsServer, "url" | "stop"> = {
    calls: [],
    answers: {},
    xml: {},
    objects: new Map(),
    account: "123456789012",
  };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    try {
      await handle(state, emulator, request, body, response);
    } catch (error) {
      send(response, 500, JSON.stringify({ __type: "TestError", message: String(error) }));
    }
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return Object.assign(state, {
    url,
    stop: () => close(server),
  });
}

async function handle(
  state: Omit<AwsServer, "url" | "stop">,
  emulator: string | undefined,
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
): Promise<void> {
  const [target = "", operation = ""] = String(request.headers["x-amz-target"] ?? "").split(".");
  const service = services[target];
  const answer = state.answers[operation];
  if (service && answer) {
    const input = z.record(z.string(), z.unknown()).parse(JSON.parse(body));
    state.calls.push({ operation, input });
    try {
      const json = toJson(await answer(input));
      await checkAnswer(service, operation, json);
      send(response, 200, json);
    } catch (error) {
      if (!(error instanceof AwsFault)) throw error;
      send(response, 400, JSON.stringify({ __type: error.name, message: error.message }));
    }
    return;
  }
  const [, invoked] = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? "") ?? [];
  if (invoked !== undefined && state.answers["Invoke"]) {
    const input = { FunctionName: invoked, ...z.record(z.string(), z.unknown()).parse(JSON.parse(body)) };
    state.calls.push({ operation: "Invoke", input });
    return send(response, 200, JSON.stringify(await state.answers["Invoke"](input)), "application/json");
  }
  const parameters = new URLSearchParams(body);
  const action = parameters.get("Action") ?? "";
  if (action === "GetCallerIdentity") return send(response, 200, callerIdentity(state.account), "text/xml");
  const xml = state.xml[action];
  if (xml) return send(response, 200, xml(parameters), "text/xml");
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const object = decodeURIComponent(pathname.slice(1));
  const content = state.objects.get(object);
  if (!emulator && request.method === "GET" && searchParams.get("list-type") === "2")
    return send(
      response,
      200,
      listOf(state.objects, object, searchParams.get("prefix") ?? ""),
      "application/xml",
    );
  if (!emulator && request.method === "HEAD" && object.includes("/")) {
    response
      .writeHead(content === undefined ? 404 : 200, { "content-length": Buffer.byteLength(content ?? "") })
      .end();
    return;
  }
  if (request.method === "GET" && object.includes("/") && (content !== undefined || !emulator)) {
    return content === undefined
      ? send(response, 404, xmlError("NoSuchKey", "The specified key does not exist."), "application/xml")
      : send(response, 200, content);
  }
  if (!emulator)
    throw new Error(`no answer for ${operation || action || `${request.method} ${request.url}`}`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string" && !["host", "connection", "content-length"].includes(name))
      headers.set(name, value);
  const method = request.method ?? "POST";
  const passed = await fetch(`${emulator}${request.url}`, {
    method,
    headers,
    ...(!["GET", "HEAD"].includes(method) && { body }),
  });
  const errorType = passed.headers.get("x-amzn-errortype");
  response.writeHead(passed.status, {
    "content-type": passed.headers.get("content-type") ?? "text/xml",
    ...(errorType && { "x-amzn-errortype": errorType }),
  });
  response.end(Buffer.from(await passed.arrayBuffer()));
}

/** @throws Error where the SDK's model of the operation reads the answer differently */
async function checkAnswer(
  { sdk, client }: { readonly sdk: object; readonly client: string },
  operation: string,
  json: string,
): Promise<void> {
  const Client = Reflect.get(sdk, client);
  const Command = Reflect.get(sdk, `${operation}Command`);
  const reader = new Client({
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    requestHandler: {
      handle: async () => ({
        response: { statusCode: 200, headers: {}, body: new TextEncoder().encode(json) },
      }),
    },
  });
  const { $metadata, ...read } = await reader.send(new Command({}));
  if (!isDeepStrictEqual(JSON.parse(toJson(read)), JSON.parse(json)))
    throw new Error(`the SDK's model of ${operation} reads ${toJson(read)} out of the answer ${json}`);
}

/** JSON as AWS writes it: times in seconds since the epoch, no member without a value. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, item) {
    const original = this[key];
    return original instanceof Date ? original.getTime() / 1000 : item;
  });

const callerIdentity = (
  account: string,
) => `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::${account}:user/operator</Arn><UserId>AIDA</UserId><Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>`;

/** What S3 lists of a bucket, as Terraform asks for the workspaces of a state. */
const listOf = (objects: ReadonlyMap<string, string>, bucket: string, prefix: string) => {
  const name = bucket.replace(/\/$/, "");
  const keys = [...objects.keys()]
    .filter((object) => object.startsWith(`${name}/${prefix}`))
    .map((object) => `<Contents><Key>${object.slice(name.length + 1)}</Key></Contents>`);
  return `<ListBucketResult><Name>${name}</Name><IsTruncated>false</IsTruncated>${keys.join("")}</ListBucketResult>`;
};

const xmlError = (code: string, message: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "application/x-amz-json-1.1",
): void {
  // Without its length Terraform asks for an object again and again, as for the next part.
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
