/** The three rooms, by the ids that the first migration gives them. On Matrix the ids are its own. */
export const rooms = {
  internal: "550e8400-e29b-41d4-a716-446655440001",
  partners: "550e8400-e29b-41d4-a716-446655440002",
  community: "550e8400-e29b-41d4-a716-446655440003",
} as const;
