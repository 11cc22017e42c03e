/** Ids of the three rooms, as the first migration sets them. Matrix gives its rooms ids of its own. */
export const rooms = {
  internal: "550e8400-e29b-41d4-a716-446655440001",
  partners: "550e8400-e29b-41d4-a716-446655440002",
  community: "550e8400-e29b-41d4-a716-446655440003",
} as const;
