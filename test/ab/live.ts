import {
  amounts,
  type Costs,
  type OperationName,
  operationNames,
  predicted,
  quantities,
} from "../../tools/ab/costs.ts";
import { plans } from "../../tools/ab/live.ts";
import type { LiveStep } from "../../tools/ab/results.ts";

/** Costs that differ in every operation and quantity; tool calls are no part of the steps. */
export const knownCosts: Costs = {
  idle: costOf("idle"),
  waiting: costOf("waiting"),
  send: costOf("send"),
  member: costOf("member"),
  delivery: costOf("delivery"),
  signIn: costOf("signIn"),
  call: amounts(() => 0),
};

function costOf(name: OperationName) {
  const row = (operationNames.indexOf(name) + 1) * 0.1;
  return amounts((quantity) => (quantity === "mcp" ? 0 : row + quantities.indexOf(quantity) * 0.01));
}

/**
 * Steps that cost exactly that.
 * @param arrival milliseconds until a message arrives
 */
export function liveSteps(costs: Costs, arrival: number): LiveStep[] {
  return plans({ receivers: 100, messages: 20 }).map(({ step, small, receivers, sends, signIns }, index) => {
    const took = 8000 + index;
    const members = small ? 20 : 120;
    const used = predicted(costs, {
      ...{ idle: took / 1000, waiting: (receivers * took) / 1000, send: sends, call: 0 },
      ...{ member: sends * members, delivery: sends * receivers, signIn: signIns },
    });
    return {
      ...{ step, members, receivers, sends, signIns, took, missing: 0, receivedBytes: used.receivedBytes },
      signInTimes: Array.from({ length: signIns }, () => 2 * arrival),
      arrivals: Array.from({ length: sends * receivers }, (_, n) => arrival + (n % 10)),
      used: {
        parts: (["mcp", "synapse", "graphql", "postgres"] as const).map((part, n) => ({
          ...{ part, cpuSeconds: used[part], memoryMiB: 1 },
          logBytes: n === 0 ? used.logBytes : 0,
        })),
        machineCpuSeconds: 0,
        databaseBytes: used.databaseBytes,
        databaseRows: used.rows,
        connections: 10,
      },
    };
  });
}
