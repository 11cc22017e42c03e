import * as z from "zod/mini";
import { describeError } from "../../shared/describe-error.ts";
import { readEnvironment } from "../../shared/environment.ts";
import { path } from "../../shared/matrix.ts";
import type { MatrixClient } from "../../shared/matrix-client.ts";
import { roomAliases } from "../../shared/matrix-names.ts";
import { type Group, type Homeserver, type Room, syncRoom } from "../../shared/room-members.ts";
import type { StepReport } from "../../shared/step-report.ts";
import { attribute, groupMembers } from "../shared/group-members.ts";
import { type Invocation, type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { parseRequest } from "../shared/parsing.ts";
import { secret } from "../shared/secret.ts";
import { Administrator } from "./administrator.ts";
import { environment } from "./environment.ts";
import { type Erasure, erase } from "./erase.ts";
import { request } from "./event.ts";
import type { Outcome } from "./outcomes.ts";

/** Time that is left for the answer. */
const RESERVE_MS = 10_000;

/** Kept between invocations. */
interface Service {
  readonly administrator: Administrator;
  readonly homeserver: Homeserver;
}
let service: Service | undefined;

function createService(): Service {
  const values = readEnvironment(environment);
  const serverName = values.SYNAPSE_SERVER_NAME;
  return {
    administrator: new Administrator(values.SYNAPSE_URL, secret(values.SYNAPSE_ADMIN_SECRET_ARN)),
    // Our own accounts are server administrators, who stay.
    homeserver: { serverName, bots: [], accounts: new Map() },
  };
}

/** What a run of the groups did. */
export interface Result {
  readonly changed: number;
  /** Steps that can't be done now, such as joining somebody who has not signed in yet. */
  readonly skipped: number;
  /** People whose access Synapse did not end. */
  readonly refused: number;
}

/**
 * Brings the private rooms in line with the Cognito groups: on a schedule, so that access ends with the group, and when an
 * operator asks. Also erases a person. Fails if access could not be ended, so that an alarm tells.
 */
export async function handler(event: unknown, context: InvocationContext): Promise<Result | Erasure> {
  const invocation = startInvocation<Outcome>("synapse-members", context);
  const data = parseRequest(request, event, invocation);
  try {
    service ??= createService();
    const { administrator, homeserver } = service;
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS));
    if (data.task === "erase") {
      const erasure = await administrator.run(signal, async (admin) => {
        const rooms = await knownRooms(admin, homeserver.serverName);
        const enough = () => context.getRemainingTimeInMillis() < 2 * RESERVE_MS;
        return erase(admin, data.sub, data.withMessages, Object.values(rooms), homeserver, enough);
      });
      const { account: _, ...counts } = erasure;
      invocation.finish("erased", "INFO", { userId: data.sub, ...counts });
      return erasure;
    }
    const groups = await readGroups(data.userPoolId, signal);
    const result = await administrator.run(signal, (admin) =>
      syncGroups(admin, groups, homeserver, invocation),
    );
    if (result.refused > 0) throw new Error(`Synapse refused to remove ${result.refused} people`);
    invocation.finish("synchronised", "INFO", { ...result });
    return result;
  } catch (error) {
    invocation.finish("failed", "ERROR", { error: describeError(error), task: data.task });
    throw error;
  }
}

/** The groups that open a private room, each of the room's name. */
const groupNames = ["internal", "partners"] as const;

const readGroups = (userPoolId: string, signal: AbortSignal): Promise<Group[]> =>
  Promise.all(
    groupNames.map(async (name) => {
      const members = await groupMembers(userPoolId, name, signal);
      const people = members?.flatMap((user) => {
        const sub = attribute(user, "sub");
        return sub === undefined ? [] : [{ sub, enabled: user.Enabled }];
      });
      return { name, people };
    }),
  );

async function syncGroups(
  admin: MatrixClient,
  groups: readonly Group[],
  homeserver: Homeserver,
  invocation: Invocation<Outcome>,
): Promise<Result> {
  const counts = { changed: 0, skipped: 0, refused: 0 };
  const count = (outcome: keyof typeof counts, level?: "INFO" | "ERROR") => (what: string) => {
    counts[outcome] += 1;
    if (level) invocation.log(level, outcome, { what });
  };
  const report: StepReport = {
    changed: count("changed", "INFO"),
    // Most of them each time, and the same ones.
    skipped: count("skipped"),
    unchanged: () => {},
    refused: count("refused", "ERROR"),
  };
  const rooms = await knownRooms(admin, homeserver.serverName);
  const aliases = roomAliases(homeserver.serverName);
  for (const group of groups) {
    const key = groupNames.find((name) => name === group.name);
    const alias = key && aliases[key];
    const id = alias && rooms[alias];
    if (id) await syncRoom(admin, { id, alias } satisfies Room, group, homeserver, report);
    // Bootstrap makes the room, and joins the group.
    else report.skipped(`there is no room for group ${group.name}`);
  }
  return counts;
}

/** The ids of the three rooms by alias, as far as bootstrap has made them. */
async function knownRooms(admin: MatrixClient, serverName: string): Promise<Record<string, string>> {
  const rooms: Record<string, string> = {};
  for (const alias of Object.values(roomAliases(serverName))) {
    const found = await admin.find(
      path`/_matrix/client/v3/directory/room/${alias}`,
      z.object({ room_id: z.string() }),
    );
    if (found) rooms[alias] = found.room_id;
  }
  return rooms;
}
