/**
 * The errors with which the database refuses a message: SQLSTATE and message by rule. Hasura's clients see
 * the message (with the code `data-exception` for class 22, `constraint-violation` for class 23), clients of
 * PostgreSQL see both. A test compares them with the trigger function.
 */
export const messageRules = {
  contentLength: { sqlstate: "22C01", message: "A message has 1 to 4000 characters." },
  phenomId: {
    sqlstate: "22C02",
    message: "A message of type phenom_link needs a phenom_id of 1 to 255 characters.",
  },
  invisible: { sqlstate: "22C04", message: "A message needs a character that can be seen." },
  roomInactive: { sqlstate: "23C01", message: "This room takes no new messages." },
  notAMember: { sqlstate: "23C02", message: "You are not a member of this room." },
  banned: { sqlstate: "23C03", message: "You are banned from this room." },
  muted: { sqlstate: "23C04", message: "You are muted in this room." },
  onePerRequest: { sqlstate: "23C05", message: "Send one message per request." },
  tooFast: { sqlstate: "23C06", message: "Send at most 10 messages a second." },
  sentAndDeleted: { sqlstate: "23C07", message: "This message was sent and deleted." },
} as const;

export type MessageRule = keyof typeof messageRules;
