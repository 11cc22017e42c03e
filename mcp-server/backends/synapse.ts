import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type Credentials, MatrixError, path } from "../../shared/matrix.ts";
import { userId } from "../../shared/matrix-names.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { linkPreviews } from "./link-previews.ts";
import { isRedacted, matrixId, PHENOM_ID, toContent } from "./matrix-form.ts";
import { retryOnce } from "./retry.ts";
import { enforcement } from "./sanctions-enforcement.ts";
import { type SweepReport, startSweep } from "./sanctions-sweep.ts";
import { synapseClient } from "./synapse-client.ts";
import { members } from "./synapse-members.ts";
import { moderation } from "./synapse-moderation.ts";
import { reading } from "./synapse-reading.ts";
import { synapseRooms } from "./synapse-rooms.ts";
import { searching } from "./synapse-search.ts";
import { NAME, synapseSession } from "./synapse-session.ts";
import { timeline } from "./synapse-timeline.ts";

export interface SynapseOptions {
  /** Synapse's address inside the VPC. */
  readonly url: string;
  readonly serverName: string;
  /** The account that the server uses: a server administrator with power in the rooms. Bootstrap creates it. */
  readonly bot: Credentials;
  /** Address of a piece of content, with `{id}`. */
  readonly contentUrlTemplate: string;
  /** Receives reports of the sweep that ends bans and mutes. @default - no sweep; other servers do it */
  readonly sweep?: SweepReport;
  /** Milliseconds between two sweeps. @default - `limits.sweepEveryMs` */
  readonly sweepEveryMs?: number;
}

const sentSchema = z.object({ event_id: z.string() });
const devicesSchema = z.object({ total: z.number() });

/** The chat on a Matrix homeserver; docs/matrix-mapping.md describes the mapping of each field and argument. */
export function synapseBackend(options: SynapseOptions): ChatBackend {
  const { serverName, bot, contentUrlTemplate: template } = options;
  const url = options.url.replace(/\/+$/, "");
  const me = userId(bot.username, serverName);
  const session = synapseSession({ url, ...bot });
  const client = synapseClient(url, session);
  const rooms = synapseRooms(client, me);
  const acts = enforcement(client, rooms, me);
  const times = timeline(client, rooms);
  const reads = reading({ rooms, timeline: times, previews: linkPreviews(client, template), template });
  /** Whether the account exists on this server; accounts of other servers are known from rooms only. */
  const exists = async (user: string, signal: AbortSignal) =>
    user.endsWith(`:${serverName}`) &&
    (await client.find(path`/_synapse/admin/v2/users/${user}`, z.unknown(), signal)) !== undefined;
  const moderates = moderation({ client, rooms, enforcement: acts, me, exists });
  const searches = searching({ client, rooms, timeline: times, toMessages: reads.toMessages, exists });
  const stop = options.sweep
    ? startSweep({ client, rooms, enforcement: acts, me, report: options.sweep }, options.sweepEveryMs)
    : () => Promise.resolve();

  return {
    name: NAME,
    listRooms: reads.listRooms,
    getMessages: reads.getMessages,
    ...searches,
    ...members(client, rooms),
    ...moderates,
    async sendMessage({ room_id, idempotency_key: key, ...draft }, signal) {
      const room = matrixId("room_id", room_id);
      return rooms.within(room, signal, async () => {
        await rooms.assertOpen(room, signal);
        const content = toContent(draft, template);
        const send = () =>
          client.send(
            {
              method: "PUT",
              path: path`/_matrix/client/v3/rooms/${room}/send/m.room.message/${key ?? randomUUID()}`,
              body: content,
            },
            sentSchema,
            signal,
          );
        const { event_id } = await (key === undefined ? send() : retryOnce(send, signal));
        const { event, message } = await reads.message(room, event_id, signal);
        if (isRedacted(event)) throw errors.keyOfDeletedMessage();
        // Synapse answers a repeated transaction with its event, whatever the content is.
        const { body, [PHENOM_ID]: phenomId } = content;
        if (event.content["body"] !== body || event.content[PHENOM_ID] !== phenomId)
          throw errors.keyOfOtherMessage();
        return message;
      });
    },
    async health(signal) {
      try {
        // Synapse reads this from its database each time, and answers administrators only.
        await client.read(path`/_synapse/admin/v2/users/${me}/devices`, devicesSchema, signal);
        return { reachable: true };
      } catch (error) {
        const code = error instanceof ChatError ? error.code : "timeout";
        return { reachable: false, problem: problemOf(error) ?? session.problem() ?? code };
      }
    },
    close: stop,
  };
}

const problemOf = (error: unknown): string | undefined =>
  error instanceof ChatError && error.cause instanceof MatrixError && error.cause.status === 403
    ? "agent_is_no_administrator"
    : undefined;
