import { describe, expect, it } from "@jest/globals";
import { withMessage } from "../../test/jest/with-message.ts";
import { type Notification, notifications } from "../../tools/cloudwatch/notifications.ts";
import { stackAlarms, thresholdsOfDatabase } from "../../tools/cloudwatch/stack-alarms.ts";
import { DAY, type Event, HOUR, happenings, traffic } from "../../tools/cloudwatch/traffic.ts";
import { Template } from "../chat/template.ts";

const alarms = stackAlarms(new Template(), thresholdsOfDatabase);
const play = (days: number, ...events: readonly (readonly Event[])[]) =>
  notifications(alarms, traffic(days * DAY, events.flat()), days * DAY);
const pages = (sent: readonly Notification[]) => sent.filter(({ severity }) => severity === "page");

/** Days that must pass before the alarms know anything, such as last night's backup. */
const LEAD = 2;
const noon = LEAD * DAY + 12 * HOUR;
const night = LEAD * DAY + 4 * HOUR;

describe("an outage", () => {
  it.each<[string, readonly Event[], string]>([
    ["Synapse is down", happenings.synapseDown(noon, 30), "a-failing"],
    ["Synapse is down at night", happenings.synapseDown(night, 30), "a-failing"],
    ["every message on A fails", happenings.sendsFail(noon, 30, 1), "a-failing"],
    ["GraphQL answers with errors", happenings.graphqlFails(noon, 30, 1), "b-failing"],
    ["the database is gone", happenings.databaseGone(noon, 30), "platform-failing"],
    ["the database is gone at night", happenings.databaseGone(night, 30), "platform-failing"],
  ])("pages within five minutes: %s", (_, events, alarm) => {
    const [{ from = 0 } = {}] = events;
    const [page] = pages(play(LEAD + 1, events)).filter((sent) => sent.alarm === alarm);
    expect(page).toBeDefined();
    expect((page?.minute ?? 0) - from).toBeLessThanOrEqual(5);
  });

  it("is one page for a part, and no ticket for its causes", () => {
    const sent = play(LEAD + 1, happenings.synapseDown(noon, 30));
    expect(sent.map(({ alarm }) => alarm)).toEqual(["a-failing"]);
  });
});

describe("nobody is told", () => {
  it("of an ordinary day", () => {
    expect(play(LEAD + 7)).toEqual([]);
  });

  it("of one failed request at night", () => {
    expect(play(LEAD + 1, happenings.oneFailure(night))).toEqual([]);
  });

  it("of a deployment", () => {
    expect(play(LEAD + 1, happenings.deployment(noon))).toEqual([]);
  });

  it("of a host that AWS replaces", () => {
    expect(play(LEAD + 1, happenings.hostReplaced(night))).toEqual([]);
  });
});

describe("the marker of a deployment", () => {
  it("is what keeps the alarms quiet: a slow restart without it pages", () => {
    const restart = happenings.synapseDown(noon + 3, 7);
    expect(play(LEAD + 1, happenings.deployment(noon), restart)).toEqual([]);
    expect(pages(play(LEAD + 1, restart))).toHaveLength(1);
  });

  it("ends by itself when its deployment crashes, and what stays broken pages", () => {
    const crashed = happenings.deployment(noon, { crashesAfter: 5 });
    const [page] = pages(play(LEAD + 1, crashed, happenings.synapseDown(noon + 4, 60)));
    expect(page).toMatchObject({ alarm: "a-failing" });
    expect((page?.minute ?? 0) - noon).toBeLessThanOrEqual(5 + 10);
  });
});

describe("a slow loss is a ticket", () => {
  it.each<[string, readonly Event[], string]>([
    ["one read in 200 fails for a working day", happenings.readsFail(noon, 12 * HOUR, 0.005), "a-burning"],
    ["the MCP server's memory grows", happenings.memoryLeak(noon, 12 * HOUR), "agents-causes"],
    ["backups stop", happenings.noBackups(noon, 3 * DAY), "synapse-backup-missing"],
    ["the database's disk fills", happenings.diskFills(noon, 2 * DAY), "database-storage"],
  ])("%s", (_, events, alarm) => {
    const sent = play(LEAD + 4, events);
    expect(pages(sent)).toEqual([]);
    expect(sent.map((one) => one.alarm)).toContain(alarm);
  });
});

describe("a year", () => {
  const day = (number: number, hour: number) => number * DAY + hour * HOUR;
  /** Ten incidents, each with the alarm that must report it. */
  const incidents: readonly { readonly alarm: string; readonly events: readonly Event[] }[] = [
    { alarm: "a-failing", events: happenings.synapseDown(day(20, 15), 40) },
    { alarm: "a-failing", events: happenings.sendsFail(day(55, 19), 30, 0.3) },
    { alarm: "a-burning", events: happenings.readsFail(day(90, 8), 12 * HOUR, 0.005) },
    { alarm: "b-failing", events: happenings.graphqlFails(day(125, 20), 30, 0.2) },
    { alarm: "b-failing", events: happenings.triggersFail(day(160, 18), 30) },
    { alarm: "agents-failing", events: happenings.agentsFail(day(195, 14), 30) },
    { alarm: "agents-causes", events: happenings.memoryLeak(day(230, 9), 12 * HOUR) },
    { alarm: "platform-failing", events: happenings.databaseGone(day(265, 3), 20) },
    { alarm: "synapse-backup-missing", events: happenings.noBackups(day(300, 0), 3 * DAY) },
    { alarm: "database-storage", events: happenings.diskFills(day(330, 0), 5 * DAY) },
  ];
  const deployments = Array.from({ length: 50 }, (_, week) => happenings.deployment(day(7 * week + 3, 10)));
  const hosts = [70, 180, 290].map((number) => happenings.hostReplaced(day(number, 2)));
  const sent = play(365, ...incidents.map(({ events }) => events), ...deployments, ...hosts);
  const span = (events: readonly Event[]) => ({
    from: Math.min(...events.map(({ from }) => from)),
    // Long windows tell of a loss for hours after it.
    to: Math.max(...events.map(({ to }) => to)) + 2 * HOUR,
  });
  const within = (minute: number, { from, to }: { from: number; to: number }) =>
    minute >= from && minute <= to;

  it("notices each of ten incidents by the right alarm", () => {
    for (const { alarm, events } of incidents)
      withMessage(`${alarm} at ${span(events).from}`, () =>
        expect(sent.filter(({ minute }) => within(minute, span(events))).map((one) => one.alarm)).toContain(
          alarm,
        ),
      );
  });

  it("has at most two pages without an incident, in 50 deployments and three replaced hosts", () => {
    const spans = incidents.map(({ events }) => span(events));
    const wrong = pages(sent).filter(({ minute }) => !spans.some((one) => within(minute, one)));
    expect(wrong.length).toBeLessThanOrEqual(2);
  });

  it("pages only for the six incidents that people feel, once or twice for each", () => {
    expect(pages(sent).length).toBeLessThanOrEqual(12);
    for (const { alarm, events } of incidents)
      if (!alarm.endsWith("-failing"))
        withMessage(alarm, () =>
          expect(pages(sent).filter(({ minute }) => within(minute, span(events)))).toEqual([]),
        );
  });

  it("has few tickets besides", () => {
    const spans = incidents.map(({ events }) => span(events));
    const tickets = sent.filter(
      ({ severity, minute }) => severity === "ticket" && !spans.some((one) => within(minute, one)),
    );
    expect(tickets.length).toBeLessThanOrEqual(12);
  });
});
