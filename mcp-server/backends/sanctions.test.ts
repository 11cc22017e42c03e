import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { BAN, banStep, isDue, isOver, MUTE, muteStep, stateKey, storedBan, storedMute } from "./sanctions.ts";

const me = "@phenom-mcp:example.org";
const user = "@ann:example.org";
const now = Date.parse("2030-01-01T00:00:00Z");
const minute = 60_000;
const at = (offset: number) => new Date(now + offset).toISOString();
const event = (type: string, content: Record<string, unknown>) => ({
  event_id: "$1",
  type,
  sender: me,
  state_key: stateKey(user),
  origin_server_ts: now,
  content,
  unsigned: {},
});

describe("a record", () => {
  it("belongs to the user whose id, without its first character, is the state key", () => {
    const content = { until: null, rejoin: true };
    expect(storedBan(event(BAN, content))).toEqual({ user, record: content, setAt: now });
  });

  it("does not exist if the content is empty or has another form", () => {
    expect(storedBan(undefined)).toBeUndefined();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (content) => {
        expect(storedBan(event(BAN, content))).toBeUndefined();
        expect(storedMute(event(MUTE, content))).toBeUndefined();
      }),
    );
    expect(storedMute(event(MUTE, { until: "tomorrow", power: null }))).toBeUndefined();
  });

  it("without an end never ends", () => {
    fc.assert(fc.property(fc.date(), (date) => !isOver({ until: null }, date.getTime())));
  });
});

const ban = (until: string | null, setAt = now - 5 * minute) => ({
  user,
  record: { until, rejoin: true },
  setAt,
});
const member = (membership: string, sender = me, since = now - minute) => ({ membership, sender, at: since });

describe("the step that a ban needs", () => {
  it.each([
    ["none, while it is in force", ban(at(minute)), member("ban"), undefined],
    ["the ban itself, where a server stopped before it", ban(null), undefined, "ban"],
    ["none, where somebody lifted it by hand", ban(null), member("leave", "@mod:x"), undefined],
    [
      "the ban itself, where the user's own doing is older",
      ban(null),
      member("join", user, now - 9 * minute),
      "ban",
    ],
    ["its end, when its time is over", ban(at(-1)), member("ban"), "end"],
    ["its end, when somebody lifted it before", ban(at(-1)), member("leave", "@mod:x"), "end"],
    [
      "none, while the call that set it may be under way",
      ban(at(-1), now - 1),
      member("join", user),
      undefined,
    ],
    ["its end, however young, where the ban is ours", ban(at(-1), now - 1), member("ban"), "end"],
  ] as const)("is %s", (_, kept, membership, step) => {
    expect(banStep(kept, membership, me, now)).toBe(step);
  });

  it("is computed for new and for expired bans only", () => {
    expect(isDue(ban(null, now - minute), now)).toBe(true);
    expect(isDue(ban(null, now - 60 * minute), now)).toBe(false);
    expect(isDue(ban(at(-1), now - 60 * minute), now)).toBe(true);
  });
});

const mute = (until: string | null, setAt = now - 5 * minute) => ({
  user,
  record: { until, power: null },
  setAt,
});
const levels = (sender: string, mutedBefore: boolean, since = now - minute) => ({
  sender,
  at: since,
  mutedBefore,
});

describe("the step that a mute needs", () => {
  it.each([
    ["none, while it is in force", mute(null), true, undefined, undefined],
    ["the mute itself, where a server stopped before it", mute(null), false, levels(me, false), "mute"],
    [
      "the mute itself, where another change overwrote it",
      mute(null),
      false,
      levels("@mod:x", false),
      "mute",
    ],
    ["to be forgotten, where somebody lifted it", mute(null), false, levels("@mod:x", true), "forget"],
    ["the mute itself, where the levels are older", mute(null), false, levels("@mod:x", true, 0), "mute"],
    ["its end, when its time is over", mute(at(-1)), true, undefined, "unmute"],
    ["to be forgotten, when it was ended by another", mute(at(-1)), false, undefined, "forget"],
    ["none, while the call that set it may be under way", mute(at(-1), now - 1), false, undefined, undefined],
  ] as const)("is %s", (_, kept, isMuted, change, step) => {
    expect(muteStep(kept, isMuted, change, me, now)).toBe(step);
  });
});

it("the steps come to an end in any order of the servers", () => {
  const memberships = fc.record({
    membership: fc.constantFrom("join", "leave", "ban", "invite"),
    sender: fc.constantFrom(me, user, "@mod:x"),
    at: fc.integer({ min: now - 9 * minute, max: now }),
  });
  const ends = fc.option(fc.integer({ min: -minute, max: minute }).map(at));
  fc.assert(
    fc.property(ends, fc.integer({ min: 0, max: 20 * minute }), memberships, (until, age, membership) => {
      const kept = ban(until, now - age);
      const step = banStep(kept, membership, me, now);
      if (step === "ban") expect(banStep(kept, member("ban", me, now), me, now)).toBeUndefined();
      if (step === undefined && isOver(kept.record, now)) expect(age).toBeLessThan(limits.callMs);
    }),
  );
});
