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
  type Kept,
  keptBan,
  keptMute,
  MUTE,
  type MuteRecord,
  muteStep,
} from "./sanctions.ts";
import { type Enforcement, eventOf, membershipOf } from "./sanctions-enforcement.ts";
import type { SynapseClient } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

/** Tells what a sweep did or could not do. */
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
 * Looks at every room's records again and again, and carries out what is missing: ends, and what a server that
 * stopped half-way left. All servers do; what another did first is found done.
 *
 * @returns what stops it, when the round under way has ended
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
  for (const kept of await records(parts.client, room, BAN, keptBan, signal)) {
    if (!isDue(kept, Date.now())) continue;
    // One that can't be carried out keeps no other waiting.
    await settleBan(parts, room, kept, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      parts.report.failed(room, error);
    });
  }
}

async function settleBan(
  { enforcement, me, report }: SweepParts,
  room: string,
  kept: Kept<BanRecord>,
  signal: AbortSignal,
) {
  const { user, record } = kept;
  const member = membershipOf(await enforcement.member(room, user, signal));
  const step = banStep(kept, member, me, Date.now());
  if (step === undefined) return;
  if (step === "ban") await enforcement.ban(room, user, record.reason, signal);
  else await enforcement.endBan(room, user, record, member, signal);
  report.done({ room, user, step: step === "end" ? "end_ban" : step });
}

async function sweepMutes(parts: SweepParts, room: string, signal: AbortSignal) {
  const { client, enforcement, me, report } = parts;
  const all = await records(client, room, MUTE, keptMute, signal);
  if (all.length === 0) return;
  let muted: string[] = [];
  let steps: { kept: Kept<MuteRecord>; step: ReturnType<typeof muteStep> }[] = [];
  const chosen = (wanted: ReturnType<typeof muteStep>) =>
    steps.flatMap(({ kept, step }) => (step === wanted ? [kept] : []));
  await enforcement.changeMutes(
    room,
    async (power, event) => {
      const suspicious = all.some(({ user }) => !power.isMuted(user)) && event?.sender !== me;
      const before = suspicious ? await levelsBefore(parts, room, event, signal) : undefined;
      steps = all.map((kept) => {
        const mutedBefore = before?.isMuted(kept.user) ?? false;
        const change = event && { sender: event.sender, at: event.origin_server_ts, mutedBefore };
        return { kept, step: muteStep(kept, power.isMuted(kept.user), change, me, Date.now()) };
      });
      // Who has come to power since is left alone, as we could not change their level.
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
    await enforcement.keepMute(room, user, undefined, signal);
    report.done({ room, user, step: "end_mute" });
  }
}

/** The levels that `event` replaced. */
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
  read: (event: MatrixEvent) => Kept<Record> | undefined,
  signal: AbortSignal,
): Promise<Kept<Record>[]> {
  const { state } = await client.read(
    path`/_synapse/admin/v1/rooms/${room}/state?type=${type}`,
    stateSchema,
    signal,
  );
  return state.flatMap((event) => read(event) ?? []);
}
