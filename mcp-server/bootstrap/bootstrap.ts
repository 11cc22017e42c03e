import type { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { type MatrixClient, matrixClient } from "../../shared/matrix-client.ts";
import { userId } from "../../shared/matrix-names.ts";
import { joinBot, syncRoom } from "../../shared/room-members.ts";
import type { StepReport } from "../../shared/step-report.ts";
import { ensureBot, removeHelpers, signInAdmin, signOut } from "./accounts.ts";
import type { BootstrapEnvironment } from "./environment.ts";
import { readGroup } from "./groups.ts";
import { ensureRoom } from "./room-setup.ts";
import { type RoomKey, roomPlans } from "./rooms.ts";

/** Matrix ids, as the mobile app needs them. */
export type RoomIds = Readonly<Partial<Record<RoomKey, string>>>;

/**
 * Sets up a homeserver: accounts, rooms, members. Each step checks first, so it may run at any time and continues an
 * interrupted run.
 */
export async function bootstrap(
  environment: BootstrapEnvironment,
  cognito: CognitoIdentityProviderClient,
  report: StepReport,
): Promise<RoomIds> {
  const anonymous = matrixClient(environment.SYNAPSE_URL);
  const owner = {
    username: environment.SYNAPSE_ADMIN_BOT_USERNAME,
    password: environment.SYNAPSE_ADMIN_BOT_PASSWORD,
  };
  const admin = await signInAdmin(
    anonymous,
    environment.SYNAPSE_REGISTRATION_SHARED_SECRET,
    owner,
    environment.SYNAPSE_SERVER_NAME,
    report,
  );
  try {
    await removeHelpers(admin, owner);
    return await setUp(anonymous, admin, environment, cognito, report);
  } finally {
    await signOut(admin);
  }
}

async function setUp(
  anonymous: MatrixClient,
  admin: MatrixClient,
  environment: BootstrapEnvironment,
  cognito: CognitoIdentityProviderClient,
  report: StepReport,
): Promise<RoomIds> {
  const serverName = environment.SYNAPSE_SERVER_NAME;
  const bot = { username: environment.SYNAPSE_BOT_USERNAME, password: environment.SYNAPSE_BOT_PASSWORD };
  await ensureBot(anonymous, admin, bot, serverName, report);
  const bots = {
    admin: userId(environment.SYNAPSE_ADMIN_BOT_USERNAME, serverName),
    mcp: userId(bot.username, serverName),
  };
  const ids: Partial<Record<RoomKey, string>> = {};
  for (const plan of roomPlans(serverName)) {
    const room = { id: await ensureRoom(admin, plan, bots, report), alias: plan.alias };
    ids[plan.key] = room.id;
    await joinBot(admin, room, bots.mcp, report);
    if (plan.group === undefined) continue;
    const group = await readGroup(cognito, environment.COGNITO_USER_POOL_ID, plan.group);
    await syncRoom(admin, room, group, { serverName, bots: Object.values(bots) }, report);
  }
  return ids;
}
