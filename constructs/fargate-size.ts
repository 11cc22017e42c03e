/** CPU units and MiB of a Fargate task. */
export interface FargateSize {
  /** 1024 units are one virtual CPU. */
  readonly cpu: number;
  /** MiB; each CPU size allows some, see {@link fargateMemory}. */
  readonly memory: number;
}

const steps = (from: number, to: number, by: number) =>
  Array.from({ length: (to - from) / by + 1 }, (_, i) => from + i * by);

/** The memory sizes in MiB that each CPU size allows, as the ECS developer guide lists them for Fargate. */
export const fargateMemory: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: steps(1024, 4096, 1024),
  1024: steps(2048, 8192, 1024),
  2048: steps(4096, 16384, 1024),
  4096: steps(8192, 30720, 1024),
  8192: steps(16384, 61440, 4096),
  16384: steps(32768, 122880, 8192),
};
