import { randomBytes } from "node:crypto";
import * as z from "zod";
import {
  type Credentials,
  LOGIN_PATH,
  MatrixError,
  passwordLogin,
  path,
  REGISTRATION_PATH,
  registration,
} from "../../shared/matrix.ts";
import type { MatrixClient } from "../../shared/matrix-client.ts";
import { userId } from "../../shared/matrix-names.ts";
import type { StepReport } from "../../shared/step-report.ts";

/** One device for all runs, so that interrupted runs leave no more than one behind. */
const DEVICE = { device_id: "BOOTSTRAP", initial_device_display_name: "Bootstrap" };

const session = z.object({ access_token: z.string() });

const userPath = (id: string) => path`/_synapse/admin/v2/users/${id}`;

/**
 * Signs the administrator in, after creating the account if it is missing or setting its password if that was rotated.
 * The caller ends the session with `signOut`.
 */
export async function signInAdmin(
  anonymous: MatrixClient,
  sharedSecret: string,
  admin: Credentials,
  serverName: string,
  report: StepReport,
): Promise<MatrixClient> {
  const id = userId(admin.username, serverName);
  const token = await signIn(anonymous, admin);
  if (token !== undefined) {
    report.unchanged(`account ${id}`);
    return assertAdministrator(anonymous.as(token), id);
  }
  if (await registerAdmin(anonymous, sharedSecret, admin)) {
    report.changed(`account ${id}: registered as server administrator`);
  } else {
    await resetAdmin(anonymous, sharedSecret, admin, id);
    report.changed(`account ${id}: password set`);
  }
  const fresh = await signIn(anonymous, admin);
  if (fresh === undefined) throw new Error(`${id} cannot sign in with the password that was just set`);
  return assertAdministrator(anonymous.as(fresh), id);
}

export const signOut = (client: MatrixClient): Promise<void> =>
  client.send("POST", "/_matrix/client/v3/logout");

/**
 * Creates the MCP server's account, or sets its rotated password. It is a server administrator, because only the admin
 * API finds the room of a message and tells which users exist.
 */
export async function ensureBot(
  anonymous: MatrixClient,
  admin: MatrixClient,
  bot: Credentials,
  serverName: string,
  report: StepReport,
): Promise<void> {
  const id = userId(bot.username, serverName);
  const found = await admin.find(
    userPath(id),
    z.object({ deactivated: z.boolean().default(false), admin: z.coerce.boolean() }),
  );
  if (found && !found.deactivated && found.admin) {
    const token = await signIn(anonymous, bot);
    if (token !== undefined) {
      await signOut(anonymous.as(token));
      return report.unchanged(`account ${id}`);
    }
  }
  await admin.send("PUT", userPath(id), {
    password: bot.password,
    admin: true,
    deactivated: false,
    ...(!found && { displayname: "Phenom" }),
  });
  report.changed(`account ${id}: ${found ? "password and rights set" : "created"}`);
}

/** An access token; `undefined` if the account is missing, deactivated or has another password. */
async function signIn(anonymous: MatrixClient, credentials: Credentials) {
  const body = passwordLogin(credentials, DEVICE);
  try {
    return (await anonymous.request("POST", LOGIN_PATH, session, body)).access_token;
  } catch (error) {
    if (error instanceof MatrixError && error.status === 403) return undefined;
    throw error;
  }
}

/** @returns false if the name is taken */
async function registerAdmin(
  anonymous: MatrixClient,
  sharedSecret: string,
  credentials: Credentials,
): Promise<boolean> {
  const { nonce } = await anonymous.request("GET", REGISTRATION_PATH, z.object({ nonce: z.string() }));
  const body = registration(sharedSecret, nonce, { ...credentials, admin: true });
  try {
    await anonymous.send("POST", REGISTRATION_PATH, { ...body, inhibit_login: true });
    return true;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    if (error.errcode === "M_USER_IN_USE") return false;
    if (error.status === 403)
      throw new Error(
        `SYNAPSE_REGISTRATION_SHARED_SECRET = **** is not the one that Synapse runs with (${error.message}): restart Synapse if the secret was rotated.`,
      );
    throw error;
  }
}

const helperPrefix = (admin: Credentials) => `${admin.username}-reset-`;

/** Sets a new password without the old one, by another administrator that is created for this only. */
async function resetAdmin(anonymous: MatrixClient, sharedSecret: string, admin: Credentials, id: string) {
  const helper = {
    username: `${helperPrefix(admin)}${randomBytes(8).toString("hex")}`,
    password: randomBytes(32).toString("base64url"),
  };
  await registerAdmin(anonymous, sharedSecret, helper);
  const token = await signIn(anonymous, helper);
  if (token === undefined) throw new Error(`the account that resets ${id} cannot sign in`);
  const body = { password: admin.password, admin: true, deactivated: false };
  await anonymous.as(token).send("PUT", userPath(id), body);
}

const userList = z.object({ users: z.array(z.object({ name: z.string() })) });

/** Deactivates the accounts that `resetAdmin` created, in this run or in an interrupted one. */
export async function removeHelpers(client: MatrixClient, admin: Credentials): Promise<void> {
  const prefix = helperPrefix(admin);
  const list = path`/_synapse/admin/v2/users?deactivated=false&user_id=${prefix}`;
  const { users } = await client.request("GET", list, userList);
  for (const { name } of users.filter((user) => user.name.startsWith(`@${prefix}`)))
    await client.send("POST", path`/_synapse/admin/v1/deactivate/${name}`, { erase: true });
}

async function assertAdministrator(client: MatrixClient, id: string): Promise<MatrixClient> {
  const found = await client.find(userPath(id), z.unknown()).catch((error: unknown) => {
    if (error instanceof MatrixError && error.status === 403)
      throw new Error(
        `${id} is no server administrator: make it one, as another administrator or in Synapse's database (table users, column admin).`,
      );
    throw error;
  });
  if (found === undefined) throw new Error(`${id} signed in, but Synapse's admin API does not find it`);
  return client;
}
