import {
  behaviour,
  facts,
  limits,
  monthlyUsd,
  type Needs,
  needsOf,
  reachedAt,
  sizes,
  sumUsd,
} from "./capacity.ts";
import { assumptions } from "./cost.ts";
import { type Candidate, type Check, type Costs, operationNames } from "./costs.ts";
import { significant } from "./format.ts";

/** A part of the capacity report: rendered as HTML in the A/B page and as Markdown in docs/capacity.md. */
export interface Section {
  readonly heading: string;
  readonly text: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type BothCosts = Readonly<Record<Candidate, Costs>>;
const candidates = ["A", "B"] as const;
/** Rooms to which people are spread, in place of three for everybody. */
const SMALL_ROOM_PEOPLE = 1000;

export function capacitySections(costs: BothCosts, checks: readonly Check[]): Section[] {
  return [
    conclusion(costs),
    needs(costs),
    ends(costs),
    monthly(costs),
    operations(costs),
    checked(checks),
    assumed(),
  ];
}

/** Three significant digits, without trailing zeros. */
const plain = (value: number): string => value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });

const people = (count: number): string => (count >= 1e6 ? `${plain(count / 1e6)} million` : plain(count));

/** People at whom the first limit is reached that nothing within the implementation replaces. */
function endOf(side: Candidate, costs: Costs, roomPeople: number): number | undefined {
  const reached = limits
    .filter((limit) => limit.side === side && limit.next === undefined)
    .map((limit) => reachedAt(limit, costs, roomPeople) ?? Number.POSITIVE_INFINITY);
  const first = Math.min(...reached);
  return Number.isFinite(first) ? first : undefined;
}

/** Tasks beyond which running an implementation is work of its own. */
const MANY_TASKS = 100;

function conclusion(costs: BothCosts): Section {
  const rows = candidates.flatMap((side) =>
    [behaviour.roomPeople, SMALL_ROOM_PEOPLE].map((roomPeople) => {
      const end = endOf(side, costs[side], roomPeople);
      const at = sizes.map((size) => needsOf(side, costs[side], size, roomPeople));
      const many = at.find(({ tasks }) => Object.values(tasks).reduce((sum, n) => sum + n, 0) > MANY_TASKS);
      return [
        side,
        plain(roomPeople),
        end === undefined ? "none of the limits below" : `${people(end)} people`,
        many === undefined ? "at none of the sizes" : `${people(many.load.people)} people`,
        ...at.map((needs) => dollars(sumUsd(monthlyUsd(side, needs)) / needs.load.people)),
      ];
    }),
  );
  return {
    heading: "Where an implementation stops being sensible",
    text: `An implementation ends where nothing within it replaces what is used up, and is work of its own for its operators where it needs more than ${MANY_TASKS} tasks. Cost is per person and month. On A a message costs for each member of its room, whether they wait or not, so the size of rooms decides; everything below is for the larger rooms.`,
    head: [
      "side",
      "people of a room, at most",
      "ends at",
      `more than ${MANY_TASKS} tasks at`,
      ...sizes.map((size) => `cost at ${people(size)}`),
    ],
    rows,
  };
}

function needs(costs: BothCosts): Section {
  const columns = candidates.flatMap((side) => sizes.map((size) => needsOf(side, costs[side], size)));
  const names = [...new Set(columns.flatMap(({ tasks }) => Object.keys(tasks)))];
  const row = (what: string, of: (needs: Needs) => number | undefined) => [
    what,
    ...columns.map((each) => {
      const value = of(each);
      return value === undefined ? "" : plain(value);
    }),
  ];
  return {
    heading: "What each part needs",
    text: `At the busiest time, with CPUs at ${assumptions.utilisation * 100} %. Beyond one process, a task of Synapse has one CPU; one of Hasura has the size of Synapse's in production.`,
    head: ["", ...candidates.flatMap((side) => sizes.map((size) => `${side}, ${people(size)}`))],
    rows: [
      row("messages per second", ({ load }) => load.perSecond.send),
      row("arrivals at apps per second", ({ load }) => load.perSecond.delivery),
      row("waiting apps", ({ load }) => load.waiting),
      ...names.map((name) => row(`tasks: ${taskNames[name] ?? name}`, ({ tasks }) => tasks[name])),
      row("database: CPUs, writing", ({ databaseCpus }) => databaseCpus.writer),
      row("database: CPUs, reading", ({ databaseCpus }) => databaseCpus.readers),
      row("database: connections", ({ connections }) => connections),
      row("database: rows written per second", ({ perSecond }) => perSecond.rows),
      row(`database: GB after ${assumptions.retentionMonths} months`, ({ storageGb }) => storageGb),
    ],
  };
}

const taskNames: Readonly<Record<string, string>> = {
  mcp: "MCP server",
  synapse: "Synapse, one process",
  main: "Synapse, main process",
  sync: "Synapse, workers sync",
  events: "Synapse, event persisters",
  client: "Synapse, workers client",
  hasura: "Hasura's engine",
};

function ends(costs: BothCosts): Section {
  const rows = candidates.flatMap((side) =>
    limits
      .filter((limit) => limit.side === side)
      .map((limit) => ({ limit, at: reachedAt(limit, costs[side]) }))
      .toSorted((a, b) => (a.at ?? Number.MAX_VALUE) - (b.at ?? Number.MAX_VALUE))
      .map(({ limit, at }) => [
        side,
        at === undefined ? "never" : people(at),
        limit.what,
        limit.next ??
          "nothing: all processes of a homeserver write to one database. Several homeservers, or B",
      ]),
  );
  return {
    heading: "What ends first, and what replaces it",
    text: "In the order in which it ends.",
    head: ["side", "at people", "what is used up", "what replaces it"],
    rows,
  };
}

const dollars = (usd: number): string => `$${significant(usd)}`;

function monthly(costs: BothCosts): Section {
  const columns = candidates.flatMap((side) =>
    sizes.map((size) => monthlyUsd(side, needsOf(side, costs[side], size))),
  );
  const labels = Object.keys(columns[0] ?? {}) as (keyof (typeof columns)[number])[];
  return {
    heading: "Cost of a month",
    text: "List prices, whose dates and sources the A/B page has (`tools/ab/prices.ts`), in US dollars. Tasks and instances are sized for the busiest time all month. Cognito, media, backups, the network and a licence of Hasura's Enterprise edition are not counted.",
    head: ["", ...candidates.flatMap((side) => sizes.map((size) => `${side}, ${people(size)}`))],
    rows: [
      ...labels.map((label) => [label, ...columns.map((items) => dollars(items[label]))]),
      ["All", ...columns.map((items) => dollars(sumUsd(items)))],
    ],
  };
}

const operationTexts = {
  idle: "a second in which nothing happens",
  waiting: "a second of one app that waits",
  send: "a message, sent",
  member: "a message, for each member of its room",
  delivery: "a message, arriving at one app that waits",
  signIn: "a sign-in, with the first page",
  call: "a tool call, of the workload's mix",
} as const;

function operations(costs: BothCosts): Section {
  const ms = (seconds: number) => significant(seconds * 1000);
  return {
    heading: "What an operation costs",
    text: "Measured by `npm run ab`: CPU time in milliseconds, on B with a stand-in for Hasura's engine; rows and bytes that stay in the database; bytes of log; bytes of responses. 0 is below what can be measured.",
    head: [
      "operation",
      "side",
      "MCP",
      "Synapse or Hasura",
      "PostgreSQL",
      "rows",
      "stored bytes",
      "log bytes",
      "response bytes",
    ],
    rows: operationNames.flatMap((name) =>
      candidates.map((side) => {
        const cost = costs[side][name];
        return [
          operationTexts[name],
          side,
          ...[cost.mcp, cost.synapse + cost.graphql, cost.postgres].map(ms),
          ...[cost.rows, cost.databaseBytes, cost.logBytes, cost.receivedBytes].map(significant),
        ];
      }),
    ),
  };
}

function checked(checks: readonly Check[]): Section {
  return {
    heading: "How far the model is off",
    text: "CPU time of two measured points from which no cost was taken, against what the model says of them.",
    head: [
      "side",
      "waiting apps",
      "messages",
      "sign-ins",
      "seconds",
      "model",
      "measured",
      "model ÷ measured",
    ],
    rows: checks.map((check) => [
      check.side,
      String(check.receivers),
      String(check.messages),
      String(check.signIns),
      significant(check.seconds),
      `${significant(check.predictedCpuSeconds)} s`,
      `${significant(check.measuredCpuSeconds)} s`,
      significant(check.predictedCpuSeconds / check.measuredCpuSeconds),
    ]),
  };
}

function assumed(): Section {
  const { online, messagesPerHour, roomPeople, startsPerDay, callsPerMessage, peak } = behaviour;
  return {
    heading: "What the model assumes",
    text: "What people do was not measured: replace it in `tools/ab/capacity.ts` by what the dashboard shows. A core of the machine counts as a virtual CPU. Costs are taken as proportional: what a larger database, a network, or the traffic between Synapse's workers adds is not in them.",
    head: ["assumption", "value"],
    rows: [
      ["apps that wait at the busiest time", `${online * 100} % of all people`],
      ["messages of one of them in an hour", String(messagesPerHour)],
      ["people in one room, beyond which there are more rooms", significant(roomPeople)],
      ["starts of the app per person and day", String(startsPerDay)],
      ["tool calls for each message", String(callsPerMessage)],
      ["busiest time against the month's mean", String(peak)],
      ["messages of one room that commit in a second", String(facts.roomCommits)],
      ["months for which messages are kept", String(assumptions.retentionMonths)],
    ],
  };
}
