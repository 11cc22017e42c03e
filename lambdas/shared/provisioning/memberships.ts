import { rooms } from "../../../shared/chat-rooms.ts";

/** Rooms that the Cognito group of the same name opens; Community is open to everyone. */
export const groupRooms = ["internal", "partners"] as const;

/** A user's memberships after a sign-in. */
export interface Memberships {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  /** Null keeps the role of a membership and gives `user` to a new one. */
  readonly role: "user" | "support" | "admin" | null;
}

/** @param groups undefined if Cognito did not answer: roles and rooms then stay unchanged */
export function membershipsOf(groups: readonly string[] | undefined): Memberships {
  if (!groups) return { joined: [rooms.community], left: [], role: null };
  const opened = groupRooms.filter((group) => groups.includes(group));
  return {
    joined: [rooms.community, ...opened.map((group) => rooms[group])],
    left: groupRooms.filter((group) => !groups.includes(group)).map((group) => rooms[group]),
    role: groups.includes("admin") ? "admin" : groups.includes("support") ? "support" : "user",
  };
}
