import type { Group } from "../auth/caller.ts";
import { ChatError } from "./error.ts";
import type { Role } from "./model.ts";

const ranks: Record<Role, number> = { user: 0, support: 1, admin: 2 };
const groupRanks: Record<Group, number> = { agent: 0, support: 1, admin: 2 };

/**
 * Nobody mutes or bans a user of an equal or higher role in the room. The agent's account acts for a caller, so the
 * lower of the two counts.
 * @throws ChatError forbidden
 */
export function assertHigherRole(
  action: "mute" | "ban",
  by: { readonly group: Group; readonly agent: Role },
  target: { readonly id: string; readonly role: Role },
): void {
  const isCaller = groupRanks[by.group] <= ranks[by.agent];
  if (Math.min(groupRanks[by.group], ranks[by.agent]) > ranks[target.role]) return;
  const who = isCaller ? `your group is ${by.group}` : `the agent's account has the role ${by.agent}`;
  throw new ChatError(
    "forbidden",
    `user_id: user ${JSON.stringify(target.id)} has the role ${target.role} in this room, and ${who}: only somebody of a higher role can ${action} them.`,
    { field: "user_id" },
  );
}
