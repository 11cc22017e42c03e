import { createHash, createPublicKey, randomBytes, randomUUID, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminListGroupsForUserCommand,
  type CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import * as z from "zod";
import { secretHash } from "../../shared/cognito.ts";
import { signingKey, signToken } from "../servers/cognito.ts";
import type { UserPoolClient } from "./state.ts";

/** The functions that Cognito calls. */
export interface Triggers {
  preTokenGeneration(event: object): Promise<unknown>;
  postAuthentication(event: object): Promise<unknown>;
}

interface User {
  readonly username: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
}

const TOKEN_SECONDS = 3600;
const initiateAuth = z.object({
  AuthFlow: z.enum(["USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"]),
  ClientId: z.string(),
  AuthParameters: z.record(z.string(), z.string()),
});
const tokenEvent = z.object({
  response: z.object({
    claimsAndScopeOverrideDetails: z
      .object({
        idTokenGeneration: z
          .object({ claimsToAddOrOverride: z.record(z.string(), z.unknown()).nullish() })
          .nullish(),
      })
      .nullish(),
    claimsOverrideDetails: z
      .object({ claimsToAddOrOverride: z.record(z.string(), z.string()).nullish() })
      .nullish(),
  }),
});

/** A refusal as Cognito words it. */
export class CognitoRefusal extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * The user pool. Moto keeps users, passwords and groups; what moto lacks is here: the triggers, hosted pages that people
 * sign in on, and tokens for the clients that Terraform made.
 */
export class UserPool {
  readonly id: string;
  readonly jwks;
  readonly #cognito: CognitoIdentityProviderClient;
  readonly #motoClient: string;
  readonly #key = signingKey();
  readonly #region: string;
  readonly #codes = new Map<string, { user: User; client: UserPoolClient; query: URLSearchParams }>();
  readonly #refreshTokens = new Map<string, { username: string; clientId: string }>();
  readonly #accessTokens = new Map<string, User>();
  #clients: readonly UserPoolClient[] = [];
  #triggers: Triggers | undefined;

  private constructor(
    cognito: CognitoIdentityProviderClient,
    region: string,
    id: string,
    motoClient: string,
  ) {
    this.#cognito = cognito;
    this.#region = region;
    this.id = id;
    this.#motoClient = motoClient;
    this.jwks = { keys: [this.#key.jwk] };
  }

  static async create(cognito: CognitoIdentityProviderClient, region: string): Promise<UserPool> {
    const pool = await cognito.send(new CreateUserPoolCommand({ PoolName: "phenom" }));
    const UserPoolId = String(pool.UserPool?.Id);
    const client = await cognito.send(
      new CreateUserPoolClientCommand({
        ...{ UserPoolId, ClientName: "stage" },
        ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      }),
    );
    return new UserPool(cognito, region, UserPoolId, String(client.UserPoolClient?.ClientId));
  }

  /** Takes the clients that Terraform made, and the functions that the pool's owner attaches. */
  attach(clients: readonly UserPoolClient[], triggers: Triggers): void {
    this.#clients = clients;
    this.#triggers = triggers;
  }

  /** Answers InitiateAuth. @throws CognitoRefusal */
  async initiateAuth(input: unknown): Promise<object> {
    const { AuthFlow, ClientId, AuthParameters } = initiateAuth.parse(input);
    const client = this.#client(ClientId);
    const flow = AuthFlow === "REFRESH_TOKEN" ? "REFRESH_TOKEN_AUTH" : AuthFlow;
    if (!client.explicit_auth_flows?.includes(`ALLOW_${flow}`))
      throw new CognitoRefusal("InvalidParameterException", `${flow} flow not enabled for this client`);
    const known = this.#refreshTokens.get(AuthParameters["REFRESH_TOKEN"] ?? "");
    const username = flow === "REFRESH_TOKEN_AUTH" ? known?.username : AuthParameters["USERNAME"];
    if (username === undefined || (known && known.clientId !== ClientId))
      throw new CognitoRefusal("NotAuthorizedException", "Invalid Refresh Token");
    if (
      client.client_secret !== "" &&
      AuthParameters["SECRET_HASH"] !==
        secretHash({ clientId: client.id, clientSecret: client.client_secret }, username)
    )
      throw new CognitoRefusal(
        "NotAuthorizedException",
        `Unable to verify secret hash for client ${ClientId}`,
      );
    const user =
      flow === "USER_PASSWORD_AUTH"
        ? await this.#signIn(username, AuthParameters["PASSWORD"] ?? "", client)
        : await this.#user(username);
    const source = flow === "USER_PASSWORD_AUTH" ? "Authentication" : "RefreshTokens";
    const { id_token, access_token, refresh_token } = await this.#tokens(user, client, source);
    return {
      ChallengeParameters: {},
      AuthenticationResult: {
        ...{ AccessToken: access_token, IdToken: id_token, ExpiresIn: TOKEN_SECONDS, TokenType: "Bearer" },
        ...(flow === "USER_PASSWORD_AUTH" && { RefreshToken: refresh_token }),
      },
    };
  }

  /** The hosted pages: a form to sign in, tokens for a code, and who a token belongs to. */
  async hostedPages(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "https://hosted");
    const body = request.method === "POST" ? new URLSearchParams(await text(request)) : new URLSearchParams();
    const json = (status: number, answer: object) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    switch (`${request.method} ${url.pathname}`) {
      case "GET /oauth2/authorize":
        return this.#page(url.searchParams, response);
      case "POST /oauth2/authorize":
        return this.#authorize(url.searchParams, body, response);
      case "POST /oauth2/token": {
        const answer = await this.#codeGrant(request.headers.authorization, body);
        return "error" in answer ? json(400, answer) : json(200, answer);
      }
      case "GET /oauth2/userInfo": {
        const user = this.#accessTokens.get((request.headers.authorization ?? "").replace("Bearer ", ""));
        if (!user) return json(401, { error: "invalid_token" });
        return json(200, { ...user.attributes, username: user.username });
      }
      default:
        return json(404, { error: "not_found" });
    }
  }

  #client(id: string): UserPoolClient {
    const client = this.#clients.find((each) => each.id === id);
    if (client) return client;
    throw new CognitoRefusal("ResourceNotFoundException", `User pool client ${id} does not exist.`);
  }

  #page(query: URLSearchParams, response: ServerResponse, problem = ""): void {
    const client = this.#client(query.get("client_id") ?? "");
    const asked = (query.get("scope") ?? "").split(" ");
    const mistakes = [
      query.get("response_type") !== "code" && "response_type",
      !client.callback_urls?.includes(query.get("redirect_uri") ?? "") && "redirect_uri",
      asked.some((scope) => !client.allowed_oauth_scopes?.includes(scope)) && "scope",
      query.get("code_challenge_method") !== "S256" && "code_challenge_method",
    ].filter(Boolean);
    if (mistakes.length > 0) {
      response.writeHead(400, { "content-type": "text/plain" }).end(`refused: ${mistakes.join(", ")}`);
      return;
    }
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(
      `<!doctype html><title>Sign in</title><h1>Sign in to ${client.name}</h1><p>${problem}</p>
<form method="post"><p><input name="username" placeholder="user name" autofocus>
<p><input name="password" type="password" placeholder="password"><p><button>Sign in</button></form>`,
    );
  }

  async #authorize(query: URLSearchParams, form: URLSearchParams, response: ServerResponse): Promise<void> {
    const client = this.#client(query.get("client_id") ?? "");
    const user = await this.#signIn(form.get("username") ?? "", form.get("password") ?? "", client).catch(
      (error: unknown) => {
        if (error instanceof CognitoRefusal) return undefined;
        throw error;
      },
    );
    if (!user) return this.#page(query, response, "Incorrect user name or password.");
    const code = randomUUID();
    this.#codes.set(code, { user, client, query });
    const back = new URLSearchParams({ code, state: query.get("state") ?? "" });
    response.writeHead(302, { location: `${query.get("redirect_uri")}?${back}` }).end();
  }

  async #codeGrant(authorization: string | undefined, form: URLSearchParams): Promise<object> {
    const grant = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const [basicId, basicSecret] = Buffer.from((authorization ?? "").replace("Basic ", ""), "base64")
      .toString()
      .split(":");
    const clientId = form.get("client_id") ?? basicId;
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (!grant || grant.client.id !== clientId) return { error: "invalid_grant" };
    const { client, user, query } = grant;
    if (client.client_secret !== "" && client.client_secret !== (basicSecret ?? form.get("client_secret")))
      return { error: "invalid_client" };
    if (form.get("redirect_uri") !== query.get("redirect_uri") || challenge !== query.get("code_challenge"))
      return { error: "invalid_grant" };
    return this.#tokens(user, client, "HostedAuth", query.get("nonce") ?? undefined);
  }

  async #user(username: string): Promise<User> {
    const target = { UserPoolId: this.id, Username: username };
    const [found, { Groups = [] }] = await Promise.all([
      this.#cognito.send(new AdminGetUserCommand(target)),
      this.#cognito.send(new AdminListGroupsForUserCommand(target)),
    ]);
    return {
      username: found.Username ?? username,
      attributes: Object.fromEntries(
        (found.UserAttributes ?? []).map(({ Name, Value = "" }) => [Name, Value]),
      ),
      groups: Groups.flatMap(({ GroupName }) => GroupName ?? []),
    };
  }

  async #signIn(username: string, password: string, client: UserPoolClient): Promise<User> {
    await this.#cognito
      .send(
        new AdminInitiateAuthCommand({
          ...{ UserPoolId: this.id, ClientId: this.#motoClient, AuthFlow: "ADMIN_USER_PASSWORD_AUTH" },
          AuthParameters: { USERNAME: username, PASSWORD: password },
        }),
      )
      .catch((error: unknown) => {
        throw new CognitoRefusal(
          "NotAuthorizedException",
          `Incorrect username or password. ${String(error)}`,
        );
      });
    const user = await this.#user(username);
    await this.#triggers?.postAuthentication({
      ...this.#event("PostAuthentication_Authentication", user, client.id),
      request: { userAttributes: user.attributes, newDeviceUsed: false },
      response: {},
    });
    return user;
  }

  #event(triggerSource: string, user: User, clientId: string, version = "1") {
    return {
      ...{ version, triggerSource, region: this.#region, userPoolId: this.id, userName: user.username },
      callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId },
    };
  }

  async #tokens(user: User, client: UserPoolClient, source: string, nonce?: string) {
    const now = Math.floor(Date.now() / 1000);
    const event = {
      ...this.#event(`TokenGeneration_${source}`, user, client.id, "2"),
      request: {
        userAttributes: user.attributes,
        groupConfiguration: { groupsToOverride: user.groups, iamRolesToOverride: [], preferredRole: null },
        scopes: client.allowed_oauth_scopes ?? ["aws.cognito.signin.user.admin"],
      },
      response: { claimsAndScopeOverrideDetails: null },
    };
    const { response } = tokenEvent.parse((await this.#triggers?.preTokenGeneration(event)) ?? event);
    const added = {
      ...response.claimsAndScopeOverrideDetails?.idTokenGeneration?.claimsToAddOrOverride,
      ...response.claimsOverrideDetails?.claimsToAddOrOverride,
    };
    const common = {
      ...{
        sub: user.attributes["sub"],
        iss: this.issuer,
        iat: now,
        exp: now + TOKEN_SECONDS,
        auth_time: now,
      },
      ...(user.groups.length > 0 && { "cognito:groups": user.groups }),
      jti: randomUUID(),
    };
    const access_token = signToken(this.#key, {
      ...{ ...common, token_use: "access", client_id: client.id, username: user.username },
      scope: client.allowed_oauth_scopes?.join(" ") ?? "aws.cognito.signin.user.admin",
    });
    const at_hash = createHash("sha256").update(access_token).digest().subarray(0, 16).toString("base64url");
    const id_token = signToken(this.#key, {
      ...{ ...common, ...user.attributes, ...added, token_use: "id", aud: client.id, at_hash },
      ...(nonce !== undefined && { nonce }),
      "cognito:username": user.username,
    });
    const refresh_token = randomBytes(32).toString("base64url");
    this.#refreshTokens.set(refresh_token, { username: user.username, clientId: client.id });
    this.#accessTokens.set(access_token, user);
    return { id_token, access_token, refresh_token, token_type: "Bearer", expires_in: TOKEN_SECONDS };
  }

  /** Whether a token has this pool's signature and is not expired. */
  isGenuine(token: string): boolean {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const key = createPublicKey(this.#key.privateKey);
    if (!verify("RSA-SHA256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")))
      return false;
    const { exp } = z
      .object({ exp: z.number() })
      .parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return exp * 1000 > Date.now();
  }

  get issuer(): string {
    return `https://cognito-idp.${this.#region}.amazonaws.com/${this.id}`;
  }
}
