import { Client, type ClientConfig } from "pg";
import { rooms } from "../../shared/chat-rooms.ts";

/** The account as which the tools act. */
export const agentUserId = "phenom-agent";

const users = [
  { id: agentUserId, username: "agent", name: "Phenom Agent", role: "admin", rooms: Object.values(rooms) },
  { id: "demo-ada", username: "ada", name: "Ada Moreno", role: "admin", rooms: Object.values(rooms) },
  {
    id: "demo-ben",
    username: "ben",
    name: "Ben Okafor",
    role: "user",
    rooms: [rooms.partners, rooms.community],
  },
  { id: "demo-chloe", username: "chloe", name: "Chloé Lindqvist", role: "user", rooms: [rooms.community] },
  { id: "demo-spam", username: "win-a-prize", name: "Win A Prize", role: "user", rooms: [rooms.community] },
];

const messages: { room: string; user: string; content: string; phenomId?: string }[] = [
  { room: rooms.internal, user: "demo-ada", content: "Chat is up. Who watches the community room today?" },
  { room: rooms.partners, user: "demo-ben", content: "The observatory footage is ready for review." },
  { room: rooms.partners, user: "demo-ada", content: "Thanks, looking at it this afternoon." },
  { room: rooms.community, user: "demo-chloe", content: "Saw a strange light over the lake last night!" },
  {
    room: rooms.community,
    user: "demo-ben",
    content: "Was it moving? There was a satellite pass around ten.",
  },
  { room: rooms.community, user: "demo-chloe", content: "Here is my film of it", phenomId: "lake-light" },
  { room: rooms.community, user: "demo-spam", content: "You have WON. Claim your prize now." },
];

/** Adds people and messages to try the tools on, if the chat is empty. */
export async function addDemoData(connection: ClientConfig): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    const { rowCount } = await client.query("select from users limit 1");
    if (rowCount !== 0) return;
    await client.query("begin");
    for (const { id, username, name, role, rooms: joined } of users) {
      await client.query("insert into users (id, username, display_name) values ($1, $2, $3)", [
        id,
        username,
        name,
      ]);
      for (const room of joined)
        await client.query("insert into chat_members (room_id, user_id, role) values ($1, $2, $3)", [
          room,
          id,
          role,
        ]);
    }
    await client.query(
      `insert into link_previews (url, phenom_id, title, description, media_type) values
         ('https://thephenom.app/phenom/lake-light', 'lake-light', 'Light over the lake', 'Eleven seconds, hand-held', 'video')`,
    );
    for (const [index, { room, user, content, phenomId }] of messages.entries())
      await client.query(
        `insert into chat_messages (room_id, user_id, content, message_type, phenom_id, created_at, updated_at)
         select $1, $2, $3, $4, $5, at, at from (select now() - $6 * interval '7 minutes') as sent (at)`,
        [room, user, content, phenomId ? "phenom_link" : "text", phenomId ?? null, messages.length - index],
      );
    await client.query("commit");
  } finally {
    await client.end();
  }
}
