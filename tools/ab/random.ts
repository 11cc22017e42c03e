/** Pseudo-random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  unit(): number;
  /** An integer from 0 (inclusive) to `below` (exclusive). */
  integer(below: number): number;
  /** @throws RangeError for an empty list */
  pick<Item>(list: readonly Item[]): Item;
  /** Seconds until the next event of a Poisson process with `perSecond` events per second. */
  gap(perSecond: number): number;
}

/** mulberry32, by Tommy Ettinger: 32 bits of state suffice for a few thousand draws. */
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
      if (item === undefined) throw new RangeError("cannot pick from an empty list");
      return item;
    },
    gap: (perSecond) => -Math.log(1 - unit()) / perSecond,
  };
}
