import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import type { MatrixClient } from "../../shared/matrix-client.ts";
import type { StepReport } from "../../shared/step-report.ts";
import { type PowerLevels, powerLevels, type RoomPlan } from "./rooms.ts";

const roomId = z.object({ room_id: z.string() });
/** First room version whose creators have unlimited power without an entry in the power levels. */
const CREATORS_RULE = 12;

const stateEvent = z.object({
  type: z.string(),
  state_key: z.string(),
  sender: z.string(),
  content: z.record(z.string(), z.unknown()),
});
type StateEvent = z.infer<typeof stateEvent>;

const levels = z.looseObject({
  users: z.record(z.string(), z.number()).optional(),
  events: z.record(z.string(), z.number()).optional(),
});

/** Matrix ids of our two accounts. */
export interface Bots {
  readonly admin: string;
  readonly mcp: string;
}

/** Creates the room if its alias does not exist, and changes what differs from the plan. @returns the id */
export async function ensureRoom(
  admin: MatrixClient,
  plan: RoomPlan,
  bots: Bots,
  report: StepReport,
): Promise<string> {
  const found = await admin.find(path`/_matrix/client/v3/directory/room/${plan.alias}`, roomId);
  const id = found?.room_id ?? (await createRoom(admin, plan));
  if (found) report.unchanged(`room ${plan.alias}`);
  else report.changed(`room ${plan.alias}: created`);

  const state = await stateOf(admin, id, bots, plan, report);
  if (state.has("m.room.encryption"))
    throw new Error(
      `${plan.alias} (${id}) is encrypted, which cannot be undone and keeps the agent from reading it: remove the alias and run this again for a new room.`,
    );
  const creators = creatorsOf(state.get("m.room.create"));
  const current: PowerLevels = levels.parse(state.get("m.room.power_levels")?.content ?? {});
  const wanted = { ...plan.state, "m.room.power_levels": powerLevels(current, bots, creators) };
  for (const [type, content] of Object.entries(wanted)) {
    const before = state.get(type)?.content;
    // Synapse may add to an event, such as a topic in several formats.
    if (before && isDeepStrictEqual({ ...before, ...content }, before)) continue;
    await admin.send("PUT", path`/_matrix/client/v3/rooms/${id}/state/${type}/`, content);
    if (found) report.changed(`room ${plan.alias}: ${type}`);
  }
  await ensureVisibility(admin, id, plan, report);
  return id;
}

/** Creates the room with its alias, by which the run after an interruption finds it. */
async function createRoom(admin: MatrixClient, plan: RoomPlan): Promise<string> {
  const [, localpart] = /^#([^:]+):/.exec(plan.alias) ?? [];
  const made = await admin.request("POST", "/_matrix/client/v3/createRoom", roomId, {
    room_alias_name: localpart,
    preset: plan.visibility === "public" ? "public_chat" : "private_chat",
    initial_state: Object.entries(plan.state)
      .filter(([type]) => type !== "m.room.canonical_alias")
      .map(([type, content]) => ({ type, state_key: "", content })),
  });
  return made.room_id;
}

/** The room's state by type, after taking the room over if our account is not a member. */
async function stateOf(
  admin: MatrixClient,
  id: string,
  bots: Bots,
  plan: RoomPlan,
  report: StepReport,
): Promise<Map<string, StateEvent>> {
  const { joined_rooms } = await admin.request(
    "GET",
    "/_matrix/client/v3/joined_rooms",
    z.object({ joined_rooms: z.array(z.string()) }),
  );
  if (!joined_rooms.includes(id)) {
    await admin.send("POST", path`/_synapse/admin/v1/rooms/${id}/make_room_admin`, { user_id: bots.admin });
    await admin.send("POST", path`/_matrix/client/v3/join/${id}`);
    report.changed(`room ${plan.alias}: taken over by ${bots.admin}`);
  }
  const events = await admin.request("GET", path`/_matrix/client/v3/rooms/${id}/state`, z.array(stateEvent));
  return new Map(events.filter(({ state_key }) => state_key === "").map((event) => [event.type, event]));
}

function creatorsOf(create: StateEvent | undefined): ReadonlySet<string> {
  const content = z
    .object({ room_version: z.string().default("1"), additional_creators: z.array(z.string()).default([]) })
    .parse(create?.content ?? {});
  if (!create || Number(content.room_version) < CREATORS_RULE) return new Set();
  return new Set([create.sender, ...content.additional_creators]);
}

async function ensureVisibility(admin: MatrixClient, id: string, plan: RoomPlan, report: StepReport) {
  const entry = path`/_matrix/client/v3/directory/list/room/${id}`;
  const { visibility } = await admin.request("GET", entry, z.object({ visibility: z.string() }));
  if (visibility === plan.visibility) return;
  await admin.send("PUT", entry, { visibility: plan.visibility });
  report.changed(`room ${plan.alias}: ${plan.visibility} in the room directory`);
}
