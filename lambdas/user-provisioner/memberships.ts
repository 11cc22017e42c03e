import { rooms } from "../../shared/chat-rooms.ts";

/** Rooms that the Cognito group of the same name opens; Community is everyone's. */
const groupRooms = ["internal", "partners"] as const;

/** What a sign-in makes of the memberships. */
export interface Memberships {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  /** Null: as it is, `user` where the membership is new. */
  readonly role: "user" | "support" | "admin" | null;
}

/** @param groups undefined where Cognito did not say: roles and rooms then stay as they are */
export function membershipsOf(groups: readonly string[] | undefined): Memberships {
  if (!groups) return { joined: [rooms.community], left: [], role: null };
  const opened = groupRooms.filter((group) => groups.includes(group));
  return {
    joined: [rooms.community, ...opened.map((group) => rooms[group])],
    left: groupRooms.filter((group) => !groups.includes(group)).map((group) => rooms[group]),
    role: groups.includes("admin") ? "admin" : groups.includes("support") ? "support" : "user",
  };
}
