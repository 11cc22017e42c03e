import { deliveryTo, SMALL_ROOM } from "./live.ts";
import type { LiveStep, Run } from "./results.ts";
import { parts } from "./side.ts";

export type Candidate = "A" | "B";

/** What an operation uses: CPU seconds by part, rows and bytes in the database, bytes of log and of responses. */
export const quantities = [...parts, "rows", "databaseBytes", "logBytes", "receivedBytes"] as const;
export type Quantity = (typeof quantities)[number];
export type Amounts = Readonly<Record<Quantity, number>>;

/**
 * - `idle`: a second in which nothing happens
 * - `waiting`: a second in which one app waits
 * - `send`: a message, without its way to the apps
 * - `member`: a message, for each member of its room, whether they wait or not
 * - `delivery`: a message that reaches one app that waits
 * - `signIn`: a sign-in, and what the app shows first
 * - `call`: a tool call, of the mix in the open loop
 */
export const operationNames = ["idle", "waiting", "send", "member", "delivery", "signIn", "call"] as const;
export type OperationName = (typeof operationNames)[number];
export type Costs = Readonly<Record<OperationName, Amounts>>;

/** How often each operation happened. */
export type Counts = Readonly<Record<OperationName, number>>;

export const predicted = (costs: Costs, counts: Counts): Amounts =>
  amounts((quantity) => operationNames.reduce((sum, name) => sum + counts[name] * costs[name][quantity], 0));

const cpuSeconds = (used: Amounts): number => parts.reduce((sum, part) => sum + used[part], 0);

/** The same computed for each quantity. */
export const amounts = (of: (quantity: Quantity) => number): Amounts =>
  Object.fromEntries(quantities.map((quantity) => [quantity, of(quantity)])) as Record<Quantity, number>;

/** Steps of all runs that did the same, as one. */
interface Point {
  readonly step: string;
  readonly members: number;
  readonly receivers: number;
  readonly counts: Counts;
  readonly used: Amounts;
}

/** What one side's runs cost, operation by operation. `undefined` if its apps or processes were not measured. */
export function costsOf(runs: readonly Run[], side: Candidate): Costs | undefined {
  const points = pointsOf(runs, side);
  const most = Math.max(...points.map(({ receivers }) => receivers));
  const [small, idle, waiting, one, many, signIn] = [...fittedTo(most)].map((name) =>
    points.find(({ step }) => step === name),
  );
  if (!(small && idle && waiting && one && many && signIn)) return undefined;

  const perIdle = each(idle.used, idle.counts.idle);
  const rest = (point: Point, known: Amounts, times: OperationName) =>
    amounts((quantity) => point.used[quantity] - known[quantity] * point.counts[times]);
  const notIdle = (point: Point) => rest(point, perIdle, "idle");
  const perWaiting = each(notIdle(waiting), waiting.counts.waiting);
  const perMessage = (point: Point) =>
    amounts(
      (quantity) =>
        (notIdle(point)[quantity] - perWaiting[quantity] * point.counts.waiting) / point.counts.send,
    );
  // Two points of each line: a message to one app and to many, in a room of few members and of many.
  const slope = (from: Amounts, to: Amounts, over: number) =>
    amounts((quantity) => Math.max(0, (to[quantity] - from[quantity]) / over));
  const [toFew, toOne, toMany] = [perMessage(small), perMessage(one), perMessage(many)];
  const perDelivery = slope(toOne, toMany, many.receivers - one.receivers);
  const undelivered = amounts((quantity) => toOne[quantity] - perDelivery[quantity]);
  // Where no row is written for a member, nothing is done for one: what is left is the spread of the measurement.
  const measured = slope(toFew, undelivered, one.members - small.members);
  const isForAll = measured.rows < 0.1;
  const perMember = isForAll ? amounts(() => 0) : measured;
  const perSend = amounts((quantity) =>
    isForAll
      ? (toFew[quantity] + undelivered[quantity]) / 2
      : toFew[quantity] - perMember[quantity] * small.members,
  );
  return {
    idle: perIdle,
    waiting: perWaiting,
    send: each(perSend, 1),
    member: perMember,
    delivery: perDelivery,
    signIn: each(notIdle(signIn), signIn.counts.signIn),
    call: callCost(runs, side),
  };
}

/** Steps from which the costs are taken. */
const fittedTo = (receivers: number) =>
  [SMALL_ROOM, "idle", "waiting", deliveryTo(1), deliveryTo(receivers), "sign-in"] as const;

const each = (used: Amounts, times: number): Amounts =>
  amounts((quantity) => Math.max(0, used[quantity] / times));

/** The points that check the model: the costs were not taken from them. */
export interface Check {
  readonly side: Candidate;
  readonly step: string;
  readonly receivers: number;
  readonly messages: number;
  readonly signIns: number;
  readonly seconds: number;
  readonly predictedCpuSeconds: number;
  readonly measuredCpuSeconds: number;
}

export function checksOf(runs: readonly Run[], side: Candidate): Check[] {
  const costs = costsOf(runs, side);
  const points = pointsOf(runs, side);
  const most = Math.max(...points.map(({ receivers }) => receivers));
  const fitted: readonly string[] = fittedTo(most);
  if (!costs) return [];
  return points
    .filter(({ step }) => !fitted.includes(step))
    .map(({ step, receivers, counts, used }) => ({
      ...{ side, step, receivers, messages: counts.send, signIns: counts.signIn, seconds: counts.idle },
      predictedCpuSeconds: cpuSeconds(predicted(costs, counts)),
      measuredCpuSeconds: cpuSeconds(used),
    }));
}

function pointsOf(runs: readonly Run[], side: Candidate): Point[] {
  const all = runs.flatMap((run) => (run.side === side ? (run.live ?? []) : []));
  const measured = all.filter(({ used }) => used !== null);
  return [...new Set(measured.map(({ step }) => step))].map((step) => {
    const steps = measured.filter((each) => each.step === step);
    const sum = (of: (step: LiveStep) => number) => steps.reduce((total, each) => total + of(each), 0);
    const seconds = ({ took }: LiveStep) => took / 1000;
    return {
      step,
      members: steps[0]?.members ?? 0,
      receivers: steps[0]?.receivers ?? 0,
      counts: {
        idle: sum(seconds),
        waiting: sum((each) => each.receivers * seconds(each)),
        send: sum(({ sends }) => sends),
        member: sum(({ sends, members }) => sends * members),
        delivery: sum(({ arrivals }) => arrivals.length),
        signIn: sum(({ signIns }) => signIns),
        call: 0,
      },
      // Apps don't call the MCP server.
      used: amounts((quantity) => (quantity === "mcp" ? 0 : sum((each) => usedOf(each, quantity)))),
    };
  });
}

function usedOf(
  { used, receivedBytes }: Pick<LiveStep, "used" | "receivedBytes">,
  quantity: Quantity,
): number {
  if (quantity === "receivedBytes") return receivedBytes;
  if (!used) return 0;
  switch (quantity) {
    case "rows":
      return used.databaseRows;
    case "databaseBytes":
      return used.databaseBytes;
    case "logBytes":
      return used.parts.reduce((sum, { logBytes }) => sum + logBytes, 0);
    default:
      return used.parts.find(({ part }) => part === quantity)?.cpuSeconds ?? 0;
  }
}

function callCost(runs: readonly Run[], side: Candidate): Amounts {
  const steps = runs.flatMap((run) =>
    run.side === side ? run.steps.filter(({ step, used }) => step === "steady" && used) : [],
  );
  const calls = steps.reduce((sum, { samples }) => sum + samples.length, 0);
  return amounts(
    (quantity) =>
      Math.max(
        0,
        steps.reduce((sum, step) => sum + usedOf(step, quantity), 0),
      ) / Math.max(1, calls),
  );
}
