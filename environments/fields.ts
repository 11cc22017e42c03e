import * as z from "zod";
import { fargateMemory } from "../constructs/fargate-size.ts";

/** A string that matches `pattern`; otherwise `message` says what it must be. */
export const matching = (pattern: RegExp, message: string) => z.string().regex(pattern, { error: message });

/** RFC 1123: labels of letters, digits and inner hyphens, at least two of them. */
export const hostName = matching(
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
  "must be a host name in lower case, such as chat.example.org, without scheme, port or path",
);
export const size = z.strictObject({
  /** CPU units, 1024 to a virtual CPU. */
  cpu: z.number(),
  /** MiB. */
  memory: z.number(),
});
/** Each CPU size of Fargate allows certain memory sizes. */
export const checkedSize = <T extends { cpu: number; memory: number }>(
  value: T,
  context: z.core.$RefinementCtx<T>,
) => {
  const allowed = fargateMemory[value.cpu];
  if (!allowed)
    context.addIssue({
      code: "custom",
      path: ["cpu"],
      message: `Fargate has the CPU sizes ${Object.keys(fargateMemory).join(", ")}: choose one of them`,
      input: value.cpu,
    });
  else if (!allowed.includes(value.memory))
    context.addIssue({
      code: "custom",
      path: ["memory"],
      message: `with cpu ${value.cpu} Fargate allows the MiB ${allowed.join(", ")}: choose one of them`,
      input: value.memory,
    });
};
