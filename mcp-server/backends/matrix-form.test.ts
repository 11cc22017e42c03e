import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { messageSchema } from "../chat/model.ts";
import { shownMessage } from "../chat/shown.ts";
import {
  eventSchema,
  isMessage,
  matrixId,
  phenomIdOf,
  toContent,
  toMessage,
  toProfile,
} from "./matrix-form.ts";

const template = "https://thephenom.app/phenom/{id}";
const message = (content: Record<string, unknown>, more: object = {}) =>
  eventSchema.parse({
    event_id: "$1",
    type: "m.room.message",
    sender: "@ann:example.org",
    origin_server_ts: 1_900_000_000_000,
    content,
    ...more,
  });
const read = (event: ReturnType<typeof message>) =>
  toMessage({ roomId: "!room", event, profile: toProfile(event.sender), template });
const text = fc.string({ unit: "grapheme", minLength: 1 });

describe("a message", () => {
  it("is read as it was sent, with and without a link", () => {
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), (content, phenom_id) => {
        const back = read(message(toContent({ content, phenom_id }, template)));
        expect(back).toMatchObject({
          content,
          message_type: phenom_id === undefined ? "text" : "phenom_link",
          ...(phenom_id !== undefined && { phenom_id }),
        });
        expect(messageSchema.safeParse(shownMessage(back, true)).error).toBeUndefined();
      }),
    );
  });

  it("of any form that a client may send fits the tools' schema", () => {
    const content = fc.dictionary(
      fc.constantFrom("body", "msgtype", "m.relates_to", "m.new_content", "app.thephenom.phenom_id", "url"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(content, content, fc.maxSafeInteger(), (original, edit, origin_server_ts) => {
        const unsigned = { "m.relations": { "m.replace": { origin_server_ts, content: edit } } };
        const back = read(message(original, { unsigned, origin_server_ts }));
        expect(messageSchema.safeParse(shownMessage(back, true)).error).toBeUndefined();
      }),
    );
  });

  it.each([
    ["Look: https://thephenom.app/phenom/abc", "abc"],
    ["https://thephenom.app/phenom/a%20b.", "a b"],
    ["(https://thephenom.app/phenom/abc), really!", "abc"],
    ["https://thephenom.app/phenom/abc?from=app", "abc"],
    ["https://thephenom.app/phenom/", undefined],
    ["https://thephenom.app/phenom/%E0", undefined],
    ["https://thephenom.app/about", undefined],
  ])("of another app links to content by its address: %s", (body, id) => {
    const type = id === undefined ? "text" : "phenom_link";
    expect(read(message({ body }))).toMatchObject({ content: body, message_type: type });
    expect(read(message({ body })).phenom_id).toBe(id);
  });

  it("links to content whose address continues after the id", () => {
    const pages = "https://example.org/{id}/view.html";
    const event = message({ body: "See https://example.org/a%2Fb/view.html." });
    expect(phenomIdOf(event, pages)).toBe("a/b");
    expect(phenomIdOf(message({ body: "https://example.org/abc/edit.html" }), pages)).toBeUndefined();
  });

  it.each([
    ["a redacted one", message({}, { unsigned: { redacted_because: {} } })],
    ["one without content", message({})],
    ["an edit", message({ body: "* x", "m.relates_to": { rel_type: "m.replace", event_id: "$0" } })],
    ["a state event", message({ body: "x" }, { state_key: "" })],
    ["another type", message({ body: "x" }, { type: "m.reaction" })],
  ])("is not %s", (_, event) => {
    expect(isMessage(event)).toBe(false);
  });

  it("may be a reply to another", () => {
    const reply = { body: "x", "m.relates_to": { "m.in_reply_to": { event_id: "$0" } } };
    expect(isMessage(message(reply))).toBe(true);
  });
});

describe("an id", () => {
  it.each([
    ["room_id", `!${"aZ0_-".padEnd(43, "x")}`],
    ["room_id", "!abc:example.org"],
    ["message_id", `$${"aZ0/+".padEnd(43, "x")}`],
    ["message_id", "$15:example.org"],
    ["user_id", "@Old/Name=1:[::1]:8448"],
    ["user_id", "@ann:example.org:8448"],
  ] as const)("as %s may be %s", (field, value) => {
    expect(matrixId(field, value)).toBe(value);
  });

  it.each([
    ["room_id", "#alias:example.org"],
    ["room_id", "!"],
    ["room_id", "!abc"],
    ["room_id", "!../..:example.org/x"],
    ["user_id", `@${"a".repeat(250)}:x.org`],
    ["user_id", "@änn:example.org"],
    ["message_id", "abc"],
    ["user_id", "@ann"],
    ["user_id", "@ann:"],
    ["user_id", "ann:example.org"],
  ] as const)("as %s is not %s", (field, value) => {
    expect(() => matrixId(field, value)).toThrow(`${field}: ${JSON.stringify(value)} is not a Matrix`);
  });
});
