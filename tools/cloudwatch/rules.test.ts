import { describe, expect, it } from "@jest/globals";
import { compositeRule, suppressedActions } from "./composite-alarm.ts";
import { ALARM, evaluate, INSUFFICIENT_DATA, type Missing, OK, STATES, stateOf } from "./metric-alarm.ts";
import { metricMath } from "./metric-math.ts";
import { Series, type Statistic } from "./series.ts";

const RETAIN = "retain";
type Expected = "OK" | "ALARM" | "INSUFFICIENT_DATA" | typeof RETAIN;

/** `0 - X - X`, oldest first, as AWS writes data points. */
const newestFirst = (text: string) =>
  Int8Array.from(
    text
      .split(" ")
      .reverse()
      .map((point) => ({ "-": -1, "0": 0, X: 1 })[point] ?? Number.NaN),
  );

// The rows of both tables of "How alarm state is evaluated when data is missing", with AWS's five data points.
describe.each<[points: string, datapointsToAlarm: number, ...expected: Expected[]]>([
  ["0 - X - X", 3, "OK", "OK", "OK", "OK"],
  ["0 - - - -", 3, "OK", "OK", "OK", "OK"],
  ["- - - - -", 3, "INSUFFICIENT_DATA", RETAIN, "ALARM", "OK"],
  ["0 X X - X", 3, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["- - X - -", 3, "ALARM", RETAIN, "ALARM", "OK"],
  ["0 - X - X", 2, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 0 X 0 X", 2, "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 - X - -", 2, "OK", "OK", "ALARM", "OK"],
  ["- - - - 0", 2, "OK", "OK", "ALARM", "OK"],
  ["- - - X -", 2, "ALARM", RETAIN, "ALARM", "OK"],
])("%s with %i of 3", (points, datapointsToAlarm, ...expected) => {
  it.each(
    (["missing", "ignore", "breaching", "notBreaching"] as const).map(
      (missing, index): [Missing, Expected] => [missing, expected[index] ?? "OK"],
    ),
  )("is, with missing data as %s, %s", (missing, state) => {
    for (const before of [OK, ALARM]) {
      const result = stateOf(
        newestFirst(points),
        { evaluationPeriods: 3, datapointsToAlarm, missing },
        before,
      );
      expect(STATES[result]).toBe(state === RETAIN ? STATES[before] : state);
    }
  });
});

describe("an alarm", () => {
  const series = (values: readonly number[]) => new Series(Float64Array.from(values));
  const none = Number.NaN;

  it("starts in the period in which the third value in a row breaches, and ends with the next that does not", () => {
    const alarm = {
      name: "a",
      metrics: { value: { metric: { namespace: "n", name: "m", dimensions: {} }, statistic: "Average" } },
      expressions: {},
      breaches: (value: number, threshold: number) => value > threshold,
      threshold: 3,
      period: 1,
      evaluationPeriods: 3,
      datapointsToAlarm: 3,
      missing: "missing",
    } as const;
    // The figure of "Evaluating an alarm": three values above three units, then one alone.
    const states = evaluate(alarm, () => series([2, 3, 4, 5, 4, 2, 1, 2, 4, 2]), 10);
    expect([...states].map((state) => STATES[state])).toEqual([
      "OK",
      "OK",
      "OK",
      "OK",
      "ALARM",
      "OK",
      "OK",
      "OK",
      "OK",
      "OK",
    ]);
  });

  it("evaluates every minute over a window that slides", () => {
    const values = series([1, 1, 1, 1, 1, 9, none, 1, 1, 1, 1, 1]);
    const at = (statistic: Statistic, minute: number, minutes: number) =>
      Object(values.windows(statistic, minutes))[minute];
    expect(at("Sum", 4, 5)).toBe(5);
    expect(at("Sum", 5, 5)).toBe(13);
    expect(at("SampleCount", 6, 5)).toBe(4);
    expect(at("Average", 6, 1)).toBeNaN();
    expect(at("Maximum", 9, 5)).toBe(9);
    expect(at("Minimum", 9, 5)).toBe(1);
    expect(at("Maximum", 10, 5)).toBe(1);
  });
});

describe("metric math", () => {
  const at = (text: string, values: Record<string, number>) => metricMath(text, values);

  it.each<[string, Record<string, number>, number]>([
    ["m1 + m2 * 3", { m1: 1, m2: 2 }, 7],
    ["(m1 + m2) / 2 - 1", { m1: 1, m2: 3 }, 1],
    ["FILL(m1, 0) + m2", { m1: Number.NaN, m2: 2 }, 2],
    ["IF(m1 >= 5, m1 / m2, 0)", { m1: 5, m2: 10 }, 0.5],
    ["IF(m1 >= 5, m1 / m2, 0)", { m1: 4, m2: 10 }, 0],
    ["m1 + m2", { m1: Number.NaN, m2: 2 }, Number.NaN],
    ["m1 / m2", { m1: 1, m2: 0 }, Number.NaN],
  ])("%s of %j is %d", (text, values, result) => {
    expect(at(text, values)).toBe(result);
  });

  it.each(["m3", "SEARCH(m1, 0)", "m1 m1", "m1 ? 1"])("refuses %s", (text) => {
    expect(() => at(text, { m1: 1 })).toThrow(/metric math/);
  });
});

describe("the rule of a composite alarm", () => {
  // The examples of "Creating a composite alarm".
  const rule = (text: string, on: Readonly<Record<string, number>>) =>
    compositeRule(text, new Map(Object.entries(on).map(([name, state]) => [name, Uint8Array.of(state)])))(0);
  const [cpu, disk, network] = ["CPUUtilizationTooHigh", "DiskReadOpsTooHigh", "NetworkOutTooHigh"];

  it.each<[string, Record<string, number>, boolean]>([
    [`ALARM(${cpu}) AND ALARM(${disk})`, { [cpu]: ALARM, [disk]: ALARM }, true],
    [`ALARM(${cpu}) AND ALARM(${disk})`, { [cpu]: ALARM, [disk]: OK }, false],
    [`ALARM(${cpu}) AND NOT ALARM(Deploying)`, { [cpu]: ALARM, Deploying: OK }, true],
    [`ALARM(${cpu}) AND NOT ALARM(Deploying)`, { [cpu]: ALARM, Deploying: ALARM }, false],
    [
      `(ALARM("${cpu}") OR ALARM("${disk}")) AND OK("${network}")`,
      { [cpu]: OK, [disk]: ALARM, [network]: OK },
      true,
    ],
    [
      `(ALARM("${cpu}") OR ALARM("${disk}")) AND OK("${network}")`,
      { [cpu]: OK, [disk]: ALARM, [network]: ALARM },
      false,
    ],
    [`ALARM("${cpu}") OR ALARM("${disk}") AND FALSE`, { [cpu]: ALARM, [disk]: ALARM }, true],
    [`INSUFFICIENT_DATA("${cpu}")`, { [cpu]: INSUFFICIENT_DATA }, true],
  ])("%s with %j is %s", (text, on, expected) => {
    expect(rule(text, on)).toBe(expected);
  });

  it("names alarms that exist", () => {
    expect(() => rule('ALARM("a") OR TRUE', {})).toThrow("there is no alarm a");
  });
});

// The six examples of "Suppressing composite alarm actions": WaitPeriod 2, ExtensionPeriod 3, time units as minutes.
describe("a composite alarm with a suppressor", () => {
  const timeline = (from: number, to = 12) =>
    Uint8Array.from({ length: 12 }, (_, time) => (time >= from && time < to ? ALARM : OK));
  const periods = { wait: 2, extension: 3 };

  it.each([
    [
      "acts at the end of the wait, if the suppressor is off",
      timeline(2),
      timeline(12),
      [{ minute: 4, state: ALARM }],
    ],
    ["does not act if the suppressor starts in the wait", timeline(2), timeline(3), []],
    ["starts the wait again when it changes back", timeline(2, 3), timeline(12), [{ minute: 5, state: OK }]],
    ["does not act while the suppressor is on", timeline(2), timeline(1), []],
    ["acts at the end of the extension", timeline(2), timeline(3, 6), [{ minute: 9, state: ALARM }]],
    [
      "waits anew when it changes in the extension",
      timeline(2, 7),
      timeline(3, 6),
      [{ minute: 9, state: OK }],
    ],
  ])("%s", (_, states, suppressor, expected) => {
    expect(suppressedActions(states, suppressor, periods)).toEqual(expected);
  });
});
