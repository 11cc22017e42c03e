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

/** The states of a stack's alarms, by name, that metrics bring about. */
export function alarmStates(
  { metric, composite }: StackAlarms,
  series: (metric: Metric) => Series,
  minutes: number,
): Map<string, Uint8Array> {
  const states = new Map<string, Uint8Array>();
  /** Minutes in which some alarm changes: only then a rule has another result. */
  const changed = new Uint8Array(minutes);
  const keep = (name: string, own: Uint8Array) => {
    states.set(name, own);
    for (let minute = 1; minute < minutes; minute++) if (own[minute] !== own[minute - 1]) changed[minute] = 1;
  };
  for (const alarm of metric) keep(alarm.name, evaluate(alarm, series, minutes));
  for (const { name, rule } of composite) {
    const on = rule(states);
    const own = new Uint8Array(minutes);
    let state: number = OK;
    for (let minute = 0; minute < minutes; minute++) {
      if (minute === 0 || changed[minute]) state = on(minute) ? ALARM : OK;
      own[minute] = state;
    }
    keep(name, own);
  }
  return states;
}

/** Plays metrics to the alarms of a stack. @returns the messages in order */
export function notifications(
  alarms: StackAlarms,
  series: (metric: Metric) => Series,
  minutes: number,
): Notification[] {
  const states = alarmStates(alarms, series, minutes);
  const statesOf = (name: string) => {
    const own = states.get(name);
    if (!own) throw new Error(`there is no alarm ${name}`);
    return own;
  };
  const sent: Notification[] = [];
  const send = (alarm: string, topic: string, taken: ReturnType<typeof actions>) => {
    const severity = topic === "page" ? "page" : "ticket";
    for (const { minute, state } of taken) if (state === ALARM) sent.push({ minute, alarm, severity });
  };
  for (const { name, topic } of alarms.metric)
    if (topic !== undefined) send(name, topic, actions(statesOf(name)));
  for (const { name, topic, suppressor, wait, extension } of alarms.composite)
    if (topic !== undefined)
      send(name, topic, suppressedActions(statesOf(name), statesOf(suppressor), { wait, extension }));
  return sent.sort((a, b) => a.minute - b.minute);
}
