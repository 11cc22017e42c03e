/** Random numbers that a seed fixes: the same seed gives the same sequence on every machine. */
export interface Random {
  /** From 0 up to, not including, 1. */
  unit(): number;
  /** A whole number from 0 up to, not including, `below`. */
  integer(below: number): number;
  /** @throws RangeError for an empty list */
  pick<Item>(list: readonly Item[]): Item;
  /** Time to the next of events that come `perSecond` times a second on average, in seconds. */
  gap(perSecond: number): number;
}

/** mulberry32, by Tommy Ettinger: 32 bits of state are plenty for some thousand draws. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number) => Math.floor(unit() * below);
  return {
    unit,
    integer,
    pick(list) {
      const item = list[integer(list.length)];
      if (item === undefined) throw new RangeError("there is nothing to pick from");
      return item;
    },
    gap: (perSecond) => -Math.log(1 - unit()) / perSecond,
  };
}
