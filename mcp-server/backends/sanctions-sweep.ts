import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { limits } from "../limits.ts";
import { eventSchema, type MatrixEvent } from "./matrix-form.ts";
import { roomPower } from "./matrix-power.ts";
import {
  BAN,
  type BanRecord,
  banStep,
  isDue,
  MUTE,
  type MuteRecord,
  muteStep,
  type Stored,
  storedBan,
  storedMute,
} from "./sanctions.ts";
import { type Enforcement, eventOf, membershipOf } from "./sanctions-enforcement.ts";
import type { SynapseClient } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

/** Reports what a sweep did or could not do. */
export interface SweepReport {
  done(what: { room: string; user: string; step: "ban" | "end_ban" | "mute" | "end_mute" }): void;
  failed(room: string | undefined, error: unknown): void;
}

export interface SweepParts {
  readonly client: SynapseClient;
  readonly rooms: SynapseRooms;
  readonly enforcement: Enforcement;
  readonly me: string;
  readonly report: SweepReport;
}

const stateSchema = z.object({ state: z.array(eventSchema) });

/**
 * Reads every room's records at intervals and carries out what is missing: ended sanctions, and those of a server that
 * stopped half-way. All servers do this; what another did first needs nothing more.
 *
 * @returns a function that stops the sweep and waits for the current round
 */
export function startSweep(parts: SweepParts, everyMs: number = limits.sweepEveryMs): () => Promise<void> {
  const stopping = new AbortController();
  let round: Promise<void> | undefined;
  const begin = () => {
    round ??= sweep(parts, stopping.signal).finally(() => {
      round = undefined;
    });
  };
  const timer = setInterval(begin, everyMs);
  timer.unref();
  begin();
  return async () => {
    clearInterval(timer);
    stopping.abort(new Error("the server stops"));
    await round;
  };
}

async function sweep(parts: SweepParts, signal: AbortSignal): Promise<void> {
  const failed = (room?: string) => (error: unknown) => {
    if (!signal.aborted) parts.report.failed(room, error);
  };
  await parts.rooms
    .joined(signal)
    .then(async (rooms) => {
      for (const room of rooms) {
        await sweepBans(parts, room, signal).catch(failed(room));
        await sweepMutes(parts, room, signal).catch(failed(room));
      }
    })
    .catch(failed());
}

async function sweepBans(parts: SweepParts, room: string, signal: AbortSignal) {
  for (const stored of await records(parts.client, room, BAN, storedBan, signal)) {
    if (!isDue(stored, Date.now())) continue;
    // A ban that cannot be settled does not keep the others waiting.
    await settleBan(parts, room, stored, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      parts.report.failed(room, error);
    });
  }
}

async function settleBan(
  { enforcement, me, report }: SweepParts,
  room: string,
  stored: Stored<BanRecord>,
  signal: AbortSignal,
) {
  const { user, record } = stored;
  const member = membershipOf(await enforcement.member(room, user, signal));
  const step = banStep(stored, member, me, Date.now());
  if (step === undefined) return;
  if (step === "ban") await enforcement.ban(room, user, record.reason, signal);
  else await enforcement.endBan(room, user, record, member, signal);
  report.done({ room, user, step: step === "end" ? "end_ban" : step });
}

async function sweepMutes(parts: SweepParts, room: string, signal: AbortSignal) {
  const { client, enforcement, me, report } = parts;
  const all = await records(client, room, MUTE, storedMute, signal);
  if (all.length === 0) return;
  let muted: string[] = [];
  let steps: { stored: Stored<MuteRecord>; step: ReturnType<typeof muteStep> }[] = [];
  const chosen = (wanted: ReturnType<typeof muteStep>) =>
    steps.flatMap(({ stored, step }) => (step === wanted ? [stored] : []));
  await enforcement.changeMutes(
    room,
    async (power, event) => {
      const suspicious = all.some(({ user }) => !power.isMuted(user)) && event?.sender !== me;
      const before = suspicious ? await levelsBefore(parts, room, event, signal) : undefined;
      steps = all.map((stored) => {
        const mutedBefore = before?.isMuted(stored.user) ?? false;
        const change = event && { sender: event.sender, at: event.origin_server_ts, mutedBefore };
        return { stored, step: muteStep(stored, power.isMuted(stored.user), change, me, Date.now()) };
      });
      // A user with as much power as our account is skipped: we cannot change their level.
      muted = chosen("mute").flatMap(({ user }) => (power.of(user) < power.of(me) ? [user] : []));
      return {
        muted,
        unmuted: new Map(chosen("unmute").map(({ user, record }) => [user, record.power])),
      };
    },
    signal,
  );
  for (const user of muted) report.done({ room, user, step: "mute" });
  for (const { user } of [...chosen("unmute"), ...chosen("forget")]) {
    await enforcement.storeMute(room, user, undefined, signal);
    report.done({ room, user, step: "end_mute" });
  }
}

/** The power levels before `event`. */
async function levelsBefore(
  { client, rooms }: SweepParts,
  room: string,
  event: MatrixEvent | undefined,
  signal: AbortSignal,
) {
  const id = event?.unsigned.replaces_state;
  const before = id === undefined ? undefined : await eventOf(client, room, id, signal);
  const create = before && (await rooms.state(room, "m.room.create", "", signal));
  return create && roomPower(create, before.content);
}

async function records<Record>(
  client: SynapseClient,
  room: string,
  type: string,
  read: (event: MatrixEvent) => Stored<Record> | undefined,
  signal: AbortSignal,
): Promise<Stored<Record>[]> {
  const { state } = await client.read(
    path`/_synapse/admin/v1/rooms/${room}/state?type=${type}`,
    stateSchema,
    signal,
  );
  return state.flatMap((event) => read(event) ?? []);
}
