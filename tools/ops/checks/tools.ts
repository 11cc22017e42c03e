import { InitiateAuthCommand } from "@aws-sdk/client-cognito-identity-provider";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { highestGroup, includes } from "../../../mcp-server/auth/caller.ts";
import { secretHash } from "../../../shared/cognito.ts";
import { version } from "../../../shared/version.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import { type Check, failed, finding, passed, type Subject } from "./check.ts";

const clients = z.object({ agent_client_id: z.string(), agent_client_secret: z.string() });
const claims = z.object({ "cognito:groups": z.array(z.string()).default([]) });
const account = z.object({ AGENT_USERNAME: z.string(), AGENT_PASSWORD: z.string() });

const GROUP = "Add it to the group agent: npm run ops -- create-user, or the Cognito console";
/** The signature is not checked: the token comes from Cognito over TLS, and the MCP server checks it. */
const claimsOf = (token: string) =>
  claims.parse(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()));

/** An MCP client that signs in as the agent sees the tools that the account's group may call; an administrator sees all nine. */
export const tools: Check = {
  name: "tools",
  transient: true,
  async run(subject) {
    const what = "MCP tools";
    const remedy = "Compare /mcp/version with what was applied";
    return [
      await finding(what, remedy, async () => {
        const token = await accessToken(subject);
        const group = highestGroup(claimsOf(token)["cognito:groups"]);
        if (!group) return failed(what, "the agent's account is in no group that may call tools", GROUP);
        const listed = await listTools(subject.outputs.urls.mcp, token);
        // Loaded here, as the SDK below: every verb knows this check by its name, and few run it.
        const { catalog } = await import("../../../mcp-server/tools/catalog.ts");
        const expected = catalog.filter((tool) => includes(group, tool.group)).map(({ name }) => name);
        const missing = expected.filter((name) => !listed.includes(name));
        const unknown = listed.filter((name) => !expected.includes(name));
        return missing.length || unknown.length
          ? failed(
              what,
              `missing: ${missing.join(" ") || "none"}; unknown: ${unknown.join(" ") || "none"}`,
              remedy,
            )
          : passed(what, `${listed.length} of ${catalog.length} listed, as for the group ${group}`);
      }),
    ];
  },
};

async function listTools(url: string, token: string): Promise<string[]> {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import(
    "@modelcontextprotocol/sdk/client/streamableHttp.js"
  );
  const client = new Client({ name: "phenom-chat-ops", version });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  try {
    // The SDK's class and its interface disagree under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    return (await client.listTools()).tools.map(({ name }) => name);
  } catch (error) {
    throw new Problem(
      `the MCP server does not list its tools: ${error instanceof Error ? error.message : error}`,
      "401 or 403: the agent's account must be in the group agent, and its client among COGNITO_CLIENT_IDS",
      EXIT.failed,
      { cause: error },
    );
  } finally {
    await client.close();
  }
}

/** An access token of the agent's account. */
async function accessToken({ context, outputs }: Subject): Promise<string> {
  const { secret_arns, sign_in } = outputs;
  const { agent_client_id, agent_client_secret } = await secret(context, clients, secret_arns.clients);
  const { AGENT_USERNAME, AGENT_PASSWORD } = await secret(context, account, sign_in.agent_secret_arn);
  const { AuthenticationResult, ChallengeName } = await context.aws.cognito
    .send(
      new InitiateAuthCommand({
        AuthFlow: "USER_PASSWORD_AUTH",
        ClientId: agent_client_id,
        AuthParameters: {
          USERNAME: AGENT_USERNAME,
          PASSWORD: AGENT_PASSWORD,
          SECRET_HASH: secretHash(
            { clientId: agent_client_id, clientSecret: agent_client_secret },
            AGENT_USERNAME,
          ),
        },
      }),
    )
    .catch((error: unknown) => {
      throw refused(error instanceof Error ? `${error.name}: ${error.message}` : String(error), error);
    });
  const token = AuthenticationResult?.AccessToken;
  if (!token) throw refused(`Cognito demands ${ChallengeName ?? "something other than the password"}`);
  return token;
}

const refused = (why: string, cause?: unknown) =>
  new Problem(
    `the agent's account can't sign in: ${why}`,
    "Check AGENT_USERNAME and AGENT_PASSWORD in the agent's secret, and that the account is confirmed",
    EXIT.failed,
    { cause },
  );

async function secret<T>({ aws }: Subject["context"], schema: z.ZodType<T>, arn: string): Promise<T> {
  const { SecretString = "" } = await aws.secrets.send(new GetSecretValueCommand({ SecretId: arn }));
  try {
    return schema.parse(JSON.parse(SecretString));
  } catch {
    // The error would quote the secret.
    throw new Problem(
      `the secret ${arn} does not hold the expected keys`,
      "It must be a JSON object, as docs/environment-variables.md describes it",
      EXIT.failed,
    );
  }
}
