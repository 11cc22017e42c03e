/** GiB of the size `large` by the first letter of the class; older generations have up to a twelfth less. */
const gibOfLarge = { c: 4, m: 8, r: 16, t: 8, x: 32, z: 16 };
/** Sizes as shares of `large`; `<n>xlarge` is twice `n`. */
const shareOfLarge = { micro: 0.125, small: 0.25, medium: 0.5, large: 1, xlarge: 2 };

/**
 * GiB of a class as an expression. A class that is not known counts as the smallest, with 1 GiB.
 * @param instanceClass expression of the class, such as `"db.m5.large"` with its quotes
 */
export function memoryOf(instanceClass: string): string {
  const size = `split(".", ${instanceClass})[2]`;
  const share = `try(${JSON.stringify(shareOfLarge)}[${size}], 2 * tonumber(regex("^([0-9]+)xlarge$", ${size})[0]))`;
  return `try(${JSON.stringify(gibOfLarge)}[regex("^db[.]([a-z])", ${instanceClass})[0]] * ${share}, 1)`;
}

/** The default of `max_connections` by RDS's documentation, LEAST(memory in bytes / 9531392, 5000), as an expression. */
export const maxConnections = (instanceClass: string): string =>
  `min(floor(${memoryOf(instanceClass)} * ${1024 ** 3} / 9531392), 5000)`;
