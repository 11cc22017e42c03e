import { actions, suppressedActions } from "./composite-alarm.ts";
import { ALARM, evaluate, type Metric, OK } from "./metric-alarm.ts";
import type { Series } from "./series.ts";
import type { StackAlarms } from "./stack-alarms.ts";

/** A message that an alarm sends when it starts. */
export interface Notification {
  readonly minute: number;
  readonly alarm: string;
  readonly severity: "page" | "ticket";
}

/** Plays metrics to the alarms of a stack. @returns the messages in order */
export function notifications(
  { metric, composite }: StackAlarms,
  series: (metric: Metric) => Series,
  minutes: number,
): Notification[] {
  const states = new Map<string, Uint8Array>();
  /** Minutes in which some alarm changes: only then a rule has another result. */
  const changed = new Uint8Array(minutes);
  const keep = (name: string, own: Uint8Array) => {
    states.set(name, own);
    for (let minute = 1; minute < minutes; minute++) if (own[minute] !== own[minute - 1]) changed[minute] = 1;
  };
  const sent: Notification[] = [];
  const send = (alarm: string, topic: string | undefined, taken: ReturnType<typeof actions>) => {
    if (topic === undefined) return;
    const severity = topic === "page" ? "page" : "ticket";
    for (const { minute, state } of taken) if (state === ALARM) sent.push({ minute, alarm, severity });
  };
  for (const alarm of metric) {
    const own = evaluate(alarm, series, minutes);
    keep(alarm.name, own);
    send(alarm.name, alarm.topic, actions(own));
  }
  for (const { name, rule, topic, suppressor, wait, extension } of composite) {
    const on = rule(states);
    const own = new Uint8Array(minutes);
    let state: number = OK;
    for (let minute = 0; minute < minutes; minute++) {
      if (minute === 0 || changed[minute]) state = on(minute) ? ALARM : OK;
      own[minute] = state;
    }
    keep(name, own);
    const quiet = states.get(suppressor);
    if (!quiet) throw new Error(`${name} is suppressed by ${suppressor}, which does not exist`);
    send(name, topic, suppressedActions(own, quiet, { wait, extension }));
  }
  return sent.sort((a, b) => a.minute - b.minute);
}
