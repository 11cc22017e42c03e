import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";
import { lambdaEnvironment } from "./lambda.ts";
import { close, listen } from "./listening.ts";

export interface AwsServer {
  /** Environment that leads the AWS SDKs, and the handlers, here. */
  readonly environment: Record<string, string>;
  /** Secret strings by ARN. */
  readonly secrets: Map<string, string>;
  /** Groups by user name; a user who is missing is unknown to Cognito. */
  readonly groups: Map<string, readonly string[]>;
  /** Attributes by user name, for lists of users; who is missing has none but a `sub` made of the name. */
  readonly users: Map<string, Readonly<Record<string, string>> & { enabled?: string }>;
  /** Operations called, in order. */
  readonly calls: string[];
  /** What happens to a call in place of an answer. */
  disturbance: ((operation: string) => { status: number; body: unknown } | "hang" | undefined) | undefined;
  stop(): Promise<void>;
}

const getSecretValue = z.strictObject({ SecretId: z.string() });
const listGroups = z.strictObject({
  UserPoolId: z.string().regex(/^[\w-]+_[0-9a-zA-Z]+$/),
  Username: z.string().min(1).max(128),
  Limit: z.int().min(0).max(60).optional(),
  NextToken: z.string().min(1).optional(),
});

const listUsersInGroup = z.strictObject({
  UserPoolId: z.string(),
  GroupName: z.string(),
  Limit: z.int().min(0).max(60).optional(),
  NextToken: z.string().min(1).optional(),
});
const listUsers = z.strictObject({
  UserPoolId: z.string(),
  Limit: z.int().min(0).max(60).optional(),
  PaginationToken: z.string().min(1).optional(),
});

const pageSize = 60;

/**
 * Answers GetSecretValue and what the functions ask Cognito for as AWS documents them, over HTTP on a free port, and
 * verifies each request's signature with AWS's own implementation of Signature Version 4.
 */
export async function startAws(): Promise<AwsServer> {
  const state = {
    secrets: new Map<string, string>(),
    groups: new Map<string, readonly string[]>(),
    users: new Map() as AwsServer["users"],
    calls: [] as string[],
    disturbance: undefined as AwsServer["disturbance"],
  };

  const answer = (operation: string, body: unknown): { status: number; body: unknown } => {
    const refuse = (type: string, message: string) => ({ status: 400, body: { __type: type, message } });
    if (operation === "secretsmanager.GetSecretValue") {
      const { SecretId } = getSecretValue.parse(body);
      const SecretString = state.secrets.get(SecretId);
      return SecretString === undefined
        ? refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        : { status: 200, body: { ARN: SecretId, Name: "name", VersionStages: ["AWSCURRENT"], SecretString } };
    }
    if (operation === "AWSCognitoIdentityProviderService.AdminListGroupsForUser") {
      const { Username, NextToken = "0" } = listGroups.parse(body);
      const groups = state.groups.get(Username);
      if (!groups) return refuse("UserNotFoundException", "User does not exist.");
      const start = Number(NextToken);
      const rest = start + pageSize < groups.length ? { NextToken: String(start + pageSize) } : {};
      const page = groups.slice(start, start + pageSize).map((GroupName) => ({ GroupName, Precedence: 1 }));
      return { status: 200, body: { Groups: page, ...rest } };
    }
    const page = (names: readonly string[], token: string | undefined, next: string) => {
      const start = Number(token ?? "0");
      const Users = names.slice(start, start + pageSize).map((Username) => {
        const { enabled, ...attributes } = { sub: Username, ...state.users.get(Username) };
        const Attributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
        return { Username, Enabled: enabled !== "false", UserStatus: "CONFIRMED", Attributes };
      });
      const rest = start + pageSize < names.length ? { [next]: String(start + pageSize) } : {};
      return { status: 200, body: { Users, ...rest } };
    };
    if (operation === "AWSCognitoIdentityProviderService.ListUsersInGroup") {
      const { GroupName, NextToken } = listUsersInGroup.parse(body);
      if (!["internal", "partners", "support", "admin"].includes(GroupName))
        return refuse("ResourceNotFoundException", "Group not found.");
      const names = [...state.groups]
        .filter(([, groups]) => groups.includes(GroupName))
        .map(([name]) => name);
      return page(names, NextToken, "NextToken");
    }
    if (operation === "AWSCognitoIdentityProviderService.ListUsers") {
      const { PaginationToken } = listUsers.parse(body);
      return page([...state.groups.keys()], PaginationToken, "PaginationToken");
    }
    return refuse("UnknownOperationException", operation);
  };

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const operation = String(request.headers["x-amz-target"]);
    state.calls.push(operation.split(".").at(-1) ?? "");
    const disturbed = state.disturbance?.(operation);
    if (disturbed === "hang") return;
    const reply =
      disturbed ??
      ((await isSigned(request, body))
        ? answer(operation, JSON.parse(body))
        : { status: 400, body: { __type: "InvalidSignatureException", message: "wrong signature" } });
    response.writeHead(reply.status, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(reply.body));
  });
  const endpoint = `http://127.0.0.1:${await listen(server)}`;
  return Object.assign(state, {
    environment: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
    },
    stop: () => close(server),
  });
}

/** Signs what came once more, with the credentials that the functions have, and compares. */
async function isSigned({ method, headers, url }: IncomingMessage, body: string): Promise<boolean> {
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/(secretsmanager|cognito-idp)\/aws4_request, ?SignedHeaders=(\S+), ?Signature=[0-9a-f]{64}$/.exec(
      headers.authorization ?? "",
    );
  const [, accessKeyId, region, service, signedHeaders] = parts ?? [];
  if (!region || !service || !signedHeaders || accessKeyId !== lambdaEnvironment.AWS_ACCESS_KEY_ID)
    return false;
  const names = signedHeaders.split(";");
  if (!["host", "x-amz-target", "x-amz-date", "x-amz-security-token"].every((name) => names.includes(name)))
    return false;
  const signer = new SignatureV4({
    service,
    region,
    credentials: {
      accessKeyId,
      secretAccessKey: lambdaEnvironment.AWS_SECRET_ACCESS_KEY,
      sessionToken: lambdaEnvironment.AWS_SESSION_TOKEN,
    },
    sha256: Sha256,
    applyChecksum: false,
  });
  const date = String(headers["x-amz-date"]).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const again = await signer.sign(
    {
      method: method ?? "",
      protocol: "http:",
      hostname: "127.0.0.1",
      path: url ?? "",
      query: {},
      headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
      body,
    },
    { signingDate: new Date(date), signableHeaders: new Set(names) },
  );
  const signature = (authorization: string | undefined) => /Signature=(\w+)$/.exec(authorization ?? "")?.[1];
  return signature(again.headers["authorization"]) === signature(headers.authorization);
}

class Sha256 {
  private readonly hash;
  constructor(secret?: unknown) {
    this.hash =
      secret === undefined
        ? createHash("sha256")
        : createHmac("sha256", typeof secret === "string" ? secret : z.instanceof(Uint8Array).parse(secret));
  }
  update(data: Uint8Array) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
  reset() {}
}
