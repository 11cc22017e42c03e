import { ALARM, INSUFFICIENT_DATA, OK } from "./metric-alarm.ts";

/** States of alarms by name, one for each minute. */
export type States = ReadonlyMap<string, Uint8Array>;

const FUNCTIONS: Readonly<Record<string, number>> = { ALARM, OK, INSUFFICIENT_DATA };
const TOKEN = /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\("?([^")]+)"?\)|(AND|OR|NOT|TRUE|FALSE|[()]))/y;

type Condition = (minute: number) => boolean;

/** Compiles the rule of a composite alarm. NOT binds more than AND, and AND more than OR. */
export function compositeRule(rule: string, states: States): Condition {
  const tokens: (string | Condition)[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < rule.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const [matched, state, name, word] = TOKEN.exec(rule) ?? [];
    if (matched === undefined) throw new Error(`alarm rule: can't read ${rule.slice(at)}`);
    if (word !== undefined) tokens.push(word);
    else {
      const child = states.get(name ?? "");
      if (!child) throw new Error(`alarm rule: there is no alarm ${name}`);
      tokens.push((minute) => child[minute] === FUNCTIONS[state ?? ""]);
    }
  }
  let at = 0;
  const operand = (): Condition => {
    const token = tokens[at++];
    if (typeof token === "function") return token;
    if (token === "TRUE" || token === "FALSE") return () => token === "TRUE";
    if (token === "NOT") {
      const inner = operand();
      return (minute) => !inner(minute);
    }
    if (token !== "(") throw new Error(`alarm rule: unexpected ${token ?? "end"} in ${rule}`);
    const inner = any();
    if (tokens[at++] !== ")") throw new Error(`alarm rule: a parenthesis is not closed in ${rule}`);
    return inner;
  };
  const chain = (word: string, inner: () => Condition) => (): Condition => {
    const all = [inner()];
    while (tokens[at] === word) {
      at++;
      all.push(inner());
    }
    const [first] = all;
    if (all.length === 1 && first) return first;
    return word === "AND"
      ? (minute) => all.every((one) => one(minute))
      : (minute) => all.some((one) => one(minute));
  };
  const any = chain("OR", chain("AND", operand));
  const condition = any();
  if (at < tokens.length) throw new Error(`alarm rule: unexpected ${String(tokens[at])} in ${rule}`);
  return condition;
}

/** An action that an alarm takes: the minute, and the state that it tells of. */
export interface Action {
  readonly minute: number;
  readonly state: number;
}

/** Actions of an alarm that nothing suppresses: one for each change. */
export const actions = (states: Uint8Array): Action[] =>
  [...changes(states)].filter(({ minute }) => minute > 0);

function* changes(states: Uint8Array): Generator<Action> {
  for (let minute = 0; minute < states.length; minute++)
    if (minute === 0 || states[minute] !== states[minute - 1]) yield { minute, state: states[minute] ?? OK };
}

/**
 * Actions of a composite alarm with a suppressor, by the examples of "Suppressing composite alarm actions": a change waits
 * for the suppressor for `wait` minutes; after the suppressor it is quiet for `extension` minutes, unless it changes; then
 * it acts by the state that it has.
 */
export function suppressedActions(
  states: Uint8Array,
  suppressor: Uint8Array,
  { wait, extension }: { readonly wait: number; readonly extension: number },
): Action[] {
  const taken: Action[] = [];
  let due: number | undefined;
  for (let minute = 1; minute < states.length; minute++) {
    const suppressed = suppressor[minute] === ALARM;
    const changed = states[minute] !== states[minute - 1];
    if (suppressed) due = undefined;
    else if (suppressor[minute - 1] === ALARM) due = minute + extension;
    if (changed && !suppressed) due = minute + wait;
    if (due === minute) {
      taken.push({ minute, state: states[minute] ?? OK });
      due = undefined;
    }
  }
  return taken;
}
