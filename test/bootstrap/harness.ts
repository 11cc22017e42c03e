import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect } from "@jest/globals";
import * as z from "zod";
import { passwordLogin } from "../../shared/matrix.ts";
import { type PostgresServer, startPostgres } from "../../tools/servers/postgres.ts";
import {
  deploySynapse,
  exampleProps,
  type Synapse,
  type SynapseDeployment,
} from "../../tools/servers/synapse.ts";
import { type Account, account, matrix } from "../matrix.ts";
import { bundleProgram, type Program } from "./program.ts";
import { startUserPool, type UserPool } from "./user-pool.ts";

export const { serverName } = exampleProps;
export const clients = "/_matrix/client/v3";
export const alias = (name: string) => `#${name}:${serverName}`;
export const drawPassword = () => randomBytes(20).toString("hex");

/** Inside a suite: a real homeserver, a user pool and the program, with what the tests do to them. */
export function bootstrapHarness() {
  let postgres: PostgresServer;
  let deployment: SynapseDeployment;
  let synapse: Synapse;
  let cognito: UserPool;
  let passwords = { admin: drawPassword(), bot: drawPassword() };
  let program: Program;

  beforeAll(async () => {
    program = await bundleProgram();
    cognito = await startUserPool();
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await cognito?.stop();
    await postgres?.stop();
    await program?.remove();
  });

  /** A homeserver on an empty database. */
  const fresh = async (config: object = {}) => {
    passwords = { admin: drawPassword(), bot: drawPassword() };
    cognito.groups.clear();
    cognito.groups.set("internal", []).set("partners", []);
    deployment = await deploySynapse(postgres);
    const often = { per_second: 100, burst_count: 100 };
    synapse = await deployment.start({
      // The tests sign in more often than people do.
      config: (known) => ({
        ...known,
        rc_login: { address: often, account: often, failed_attempts: often },
        ...config,
      }),
    });
  };
  const gone = async () => {
    await synapse?.stop();
    await deployment?.remove();
  };

  const run = (changes: Record<string, string> = {}, end?: Promise<void>) =>
    program.run(
      {
        SYNAPSE_URL: synapse.url,
        SYNAPSE_SERVER_NAME: serverName,
        COGNITO_REGION: exampleProps.region,
        COGNITO_USER_POOL_ID: exampleProps.userPoolId,
        SYNAPSE_REGISTRATION_SHARED_SECRET: deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET,
        SYNAPSE_ADMIN_BOT_USERNAME: "phenom-admin",
        SYNAPSE_ADMIN_BOT_PASSWORD: passwords.admin,
        SYNAPSE_BOT_USERNAME: "phenom-mcp",
        SYNAPSE_BOT_PASSWORD: passwords.bot,
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.url,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        ...changes,
      },
      end,
    );
  const succeed = async (changes: Record<string, string> = {}) => {
    const result = await run(changes);
    expect(result.errors).toBe("");
    expect(result.code).toBe(0);
    return result;
  };

  const signIn = async (user: string, password: string) =>
    account(
      await matrix(synapse.url, "POST", `${clients}/login`, {
        body: passwordLogin({ username: user, password }),
      }),
    );
  const asAdmin = () => signIn("phenom-admin", passwords.admin);
  const get = async (path: string, { accessToken }: Account) =>
    (await matrix(synapse.url, "GET", path, { token: accessToken })).body;
  const stateOf = async (room: string, by: Account): Promise<unknown> => {
    const response = await fetch(`${synapse.url}${clients}/rooms/${encodeURIComponent(room)}/state`, {
      headers: { authorization: `Bearer ${by.accessToken}` },
    });
    return z.array(z.object({ event_id: z.string() })).parse(await response.json());
  };
  const state = async (room: string, type: string, by: Account) =>
    get(`${clients}/rooms/${encodeURIComponent(room)}/state/${type}`, by);
  const joined = async (room: string, by: Account) =>
    Object.keys(
      z
        .object({ joined: z.record(z.string(), z.unknown()) })
        .parse(await get(`${clients}/rooms/${encodeURIComponent(room)}/joined_members`, by)).joined,
    );

  /** Somebody with an account as the browser's sign-in makes one; by a token it would not say whose it is. */
  const someone = async (sub: string, localpart = `u-${randomUUID()}`, by = "browser"): Promise<Account> => {
    const password = drawPassword();
    const identity = { external_ids: [{ auth_provider: "oidc-cognito", external_id: sub }] };
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${localpart}:${serverName}`)}`;
    await matrix(synapse.url, "PUT", path, {
      token: (await asAdmin()).accessToken,
      body: { password, ...(by === "browser" && identity) },
    });
    return signIn(localpart, password);
  };

  return {
    /** The accounts' passwords, as the program is told them. */
    get passwords() {
      return passwords;
    },
    set passwords(drawn) {
      passwords = drawn;
    },
    get synapse() {
      return synapse;
    },
    get deployment() {
      return deployment;
    },
    get groups() {
      return cognito.groups;
    },
    ...{ fresh, gone, run, succeed, signIn, asAdmin, get, stateOf, state, joined, someone },
  };
}
