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
import { userId } from "../../shared/matrix-names.ts";
import type { MatrixClient } from "./matrix.ts";
import type { Report } from "./report.ts";

/** One device for all runs: an interrupted one leaves no more than this behind. */
const DEVICE = { device_id: "BOOTSTRAP", initial_device_display_name: "Bootstrap" };

const session = z.object({ access_token: z.string() });

const userPath = (id: string) => path`/_synapse/admin/v2/users/${id}`;

/**
 * Signs the administrator in, making the account where it is missing and setting its password where it was
 * rotated. The session is to be ended with `signOut`.
 */
export async function signInAdmin(
  nobody: MatrixClient,
  sharedSecret: string,
  admin: Credentials,
  serverName: string,
  report: Report,
): Promise<MatrixClient> {
  const id = userId(admin.username, serverName);
  const token = await signIn(nobody, admin);
  if (token !== undefined) {
    report.asItWas(`account ${id}`);
    return demandAdministrator(nobody.as(token), id);
  }
  if (await registerAdmin(nobody, sharedSecret, admin)) {
    report.changed(`account ${id}: registered as server administrator`);
  } else {
    await resetAdmin(nobody, sharedSecret, admin, id);
    report.changed(`account ${id}: password set`);
  }
  const fresh = await signIn(nobody, admin);
  if (fresh === undefined) throw new Error(`${id} can't sign in with the password that was just set`);
  return demandAdministrator(nobody.as(fresh), id);
}

export const signOut = (client: MatrixClient): Promise<void> =>
  client.tell("POST", "/_matrix/client/v3/logout");

/**
 * Makes the account that the MCP server uses, or sets the password that it was given anew. It is a server
 * administrator: only the admin API finds the room of a message and tells who exists.
 */
export async function ensureBot(
  nobody: MatrixClient,
  admin: MatrixClient,
  bot: Credentials,
  serverName: string,
  report: Report,
): Promise<void> {
  const id = userId(bot.username, serverName);
  const found = await admin.find(
    userPath(id),
    z.object({ deactivated: z.boolean().default(false), admin: z.coerce.boolean() }),
  );
  if (found && !found.deactivated && found.admin) {
    const token = await signIn(nobody, bot);
    if (token !== undefined) {
      await signOut(nobody.as(token));
      return report.asItWas(`account ${id}`);
    }
  }
  await admin.tell("PUT", userPath(id), {
    password: bot.password,
    admin: true,
    deactivated: false,
    ...(!found && { displayname: "Phenom" }),
  });
  report.changed(`account ${id}: ${found ? "password and rights set" : "made"}`);
}

/** An access token; `undefined` if the account is missing, deactivated or has another password. */
async function signIn(nobody: MatrixClient, credentials: Credentials) {
  const body = passwordLogin(credentials, DEVICE);
  try {
    return (await nobody.ask("POST", LOGIN_PATH, session, body)).access_token;
  } catch (error) {
    if (error instanceof MatrixError && error.status === 403) return undefined;
    throw error;
  }
}

/** @returns false if the name is taken */
async function registerAdmin(
  nobody: MatrixClient,
  sharedSecret: string,
  credentials: Credentials,
): Promise<boolean> {
  const { nonce } = await nobody.ask("GET", REGISTRATION_PATH, z.object({ nonce: z.string() }));
  const body = registration(sharedSecret, nonce, { ...credentials, admin: true });
  try {
    await nobody.tell("POST", REGISTRATION_PATH, { ...body, inhibit_login: true });
    return true;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    if (error.errcode === "M_USER_IN_USE") return false;
    if (error.status === 403)
      throw new Error(
        `SYNAPSE_REGISTRATION_SHARED_SECRET = **** is not the one that Synapse runs with (${error.message}): restart Synapse if the secret was drawn anew.`,
      );
    throw error;
  }
}

const helperPrefix = (admin: Credentials) => `${admin.username}-reset-`;

/** With the old password lost, another administrator, made for that alone, sets the new one. */
async function resetAdmin(nobody: MatrixClient, sharedSecret: string, admin: Credentials, id: string) {
  const helper = {
    username: `${helperPrefix(admin)}${randomBytes(8).toString("hex")}`,
    password: randomBytes(32).toString("base64url"),
  };
  await registerAdmin(nobody, sharedSecret, helper);
  const token = await signIn(nobody, helper);
  if (token === undefined) throw new Error(`the account that was to reset ${id} can't sign in`);
  const body = { password: admin.password, admin: true, deactivated: false };
  await nobody.as(token).tell("PUT", userPath(id), body);
}

const userList = z.object({ users: z.array(z.object({ name: z.string() })) });

/** Switches off what `resetAdmin` made, in this run or in one that was interrupted. */
export async function removeHelpers(client: MatrixClient, admin: Credentials): Promise<void> {
  const prefix = helperPrefix(admin);
  const list = path`/_synapse/admin/v2/users?deactivated=false&user_id=${prefix}`;
  const { users } = await client.ask("GET", list, userList);
  for (const { name } of users.filter((user) => user.name.startsWith(`@${prefix}`)))
    await client.tell("POST", path`/_synapse/admin/v1/deactivate/${name}`, { erase: true });
}

async function demandAdministrator(client: MatrixClient, id: string): Promise<MatrixClient> {
  const found = await client.find(userPath(id), z.unknown()).catch((error: unknown) => {
    if (error instanceof MatrixError && error.status === 403)
      throw new Error(
        `${id} is no server administrator: as one, or in Synapse's database (table users, column admin), make it one.`,
      );
    throw error;
  });
  if (found === undefined) throw new Error(`${id} signed in, and Synapse knows no such account`);
  return client;
}
