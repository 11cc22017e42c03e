import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as z from "zod";
import { secretHash } from "../shared/cognito.ts";
import { MOBILE_REDIRECT } from "../shared/matrix-names.ts";
import { conversation } from "../tools/pipeline/try-tools.ts";
import { credentials } from "../tools/stage/aws.ts";
import type { Person } from "../tools/stage/people.ts";
import type { Stage } from "../tools/stage/stage.ts";
import { userPoolClients } from "../tools/stage/state.ts";

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A client that resolves a stage's names, trusts its certificates, keeps cookies, and follows no redirect. */
export interface StageBrowser {
  get(url: string): Promise<HttpReply>;
  request(url: string, sent?: Sent): Promise<HttpReply>;
  readonly fetch: typeof fetch;
}

export function stageBrowser(stage: Stage): StageBrowser {
  const ca = readFileSync(stage.certificateFile);
  const cookies = new Map<string, string>();
  const send = (url: string, { method = "GET", headers = {}, body }: Sent = {}) =>
    new Promise<HttpReply>((resolve, reject) => {
      const address = new URL(url);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const outgoing = httpsRequest(
        {
          ...{
            host: stage.machine.network.internetAddress,
            servername: address.hostname,
            method,
            ca,
            agent: false,
          },
          path: address.pathname + address.search,
          headers: { host: address.host, ...(cookie && { cookie }), ...headers },
        },
        async (reply) => {
          const chunks: Buffer[] = [];
          for await (const chunk of reply) chunks.push(Buffer.from(chunk));
          for (const each of reply.headers["set-cookie"] ?? []) {
            const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
            cookies.set(name, value);
          }
          const text = Buffer.concat(chunks).toString();
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, json: parsed(text) });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  return {
    get: (url) => send(url),
    request: send,
    fetch: async (input, init = {}) => {
      const { status, headers, text } = await send(String(input instanceof Request ? input.url : input), {
        method: init.method ?? "GET",
        headers: Object.fromEntries(new Headers(init.headers)),
        body: init.body === undefined || init.body === null ? undefined : String(init.body),
      });
      const flat = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" ? [[name, value]] : [],
      );
      return new Response([204, 304].includes(status) ? null : text, { status, headers: flat });
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Signs a person in as the mobile app's browser does. @returns Synapse's login token */
export async function mobileSignIn(
  browser: StageBrowser,
  stage: Stage,
  person: Person | undefined,
  provider: string,
): Promise<string> {
  if (!person) throw new Error("there is no such person");
  const query = new URLSearchParams({ redirectUrl: MOBILE_REDIRECT });
  const start = await browser.get(
    `https://${stage.data.serverName}/_matrix/client/v3/login/sso/redirect/${provider}?${query}`,
  );
  const page = String(start.headers["location"]);
  const signedIn = await browser.request(page, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: String(new URLSearchParams({ username: person.username, password: person.password })),
  });
  const back = await browser.get(String(signedIn.headers["location"]));
  const location = String(back.headers["location"]);
  const token = URL.canParse(location) ? new URL(location).searchParams.get("loginToken") : undefined;
  if (!location.startsWith(MOBILE_REDIRECT) || !token)
    throw new Error(
      `the sign-in does not end in the app: ${[start, signedIn, back].map(({ status, headers, text }) => `${status} ${headers["location"]} ${text.slice(0, 300)}`).join("\n")}`,
    );
  return token;
}

const room = z.object({ id: z.string(), name: z.string() });

/** An MCP client with the access token of a person. */
export class McpCaller {
  readonly #client: Client;
  readonly #post: (body: string) => Promise<HttpReply>;

  private constructor(client: Client, post: (body: string) => Promise<HttpReply>) {
    this.#client = client;
    this.#post = post;
  }

  static async connect(browser: StageBrowser, stage: Stage, person: Person | undefined): Promise<McpCaller> {
    const client = new Client({ name: "stage-test", version: "1" });
    const url = `https://${stage.data.serverName}/mcp`;
    const headers = { authorization: `Bearer ${await accessToken(stage, person)}` };
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      fetch: browser.fetch,
      requestInit: { headers },
    });
    // The SDK's class and its interface disagree under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    const json = { ...headers, "content-type": "application/json" };
    return new McpCaller(client, (body) => browser.request(url, { method: "POST", headers: json, body }));
  }

  /** Sends a call as one HTTP request. @returns whatever answers it */
  send(name: string, args: Record<string, unknown>): Promise<HttpReply> {
    const params = { name, arguments: args };
    return this.#post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
  }

  /** @throws Error with the tool's answer where it is an error */
  async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    const { isError, structuredContent, content } = await this.#client.callTool({ name, arguments: args });
    if (isError) throw new Error(`${name} failed: ${JSON.stringify(content)}`);
    return structuredContent;
  }

  async room(name: string): Promise<string> {
    const { rooms } = z.object({ rooms: z.array(room) }).parse(await this.call("chat_list_rooms", {}));
    const found = rooms.find((each) => each.name === name);
    if (!found) throw new Error(`there is no room ${name}`);
    return found.id;
  }

  /** Calls each of the tools and checks what it does. @returns the names in the order of the calls */
  useEveryTool(): Promise<string[]> {
    return conversation(this.#client);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

async function accessToken(stage: Stage, person: Person | undefined): Promise<string> {
  const client = userPoolClients(stage.applied).find(({ name }) => name.endsWith("-chat-agent"));
  if (!client || !person) throw new Error("there is no such client or person");
  const cognito = new CognitoIdentityProviderClient({
    ...{ endpoint: stage.awsUrl, region: stage.data.region, credentials },
  });
  const answer = await cognito.send(
    new InitiateAuthCommand({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: client.id,
      AuthParameters: {
        USERNAME: person.username,
        PASSWORD: person.password,
        SECRET_HASH: secretHash({ clientId: client.id, clientSecret: client.client_secret }, person.username),
      },
    }),
  );
  return String(answer.AuthenticationResult?.AccessToken);
}
