import * as z from "zod/mini";
import { describeError } from "../../shared/describe-error.ts";
import { readEnvironment } from "../../shared/environment.ts";
import { type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { environment } from "./environment.ts";
import { certificateDays, domainDays } from "./expiry.ts";
import { expiryFields, reachedFields, type Target, targets } from "./metrics.ts";
import type { Outcome } from "./outcomes.ts";
import { unreachable } from "./reach.ts";

/** The schedules ask for `reach` every minute, for `expiry` every six hours. */
const request = z.object({ measure: z.enum(["reach", "expiry"]) });

/** Measures the chat from outside: whether it answers, and when certificate and domain expire. */
export async function handler(event: unknown, context: InvocationContext): Promise<void> {
  const invocation = startInvocation<Outcome>("outside", context);
  const { success, data } = request.safeParse(event);
  if (!success) return invocation.finish("malformed", "ERROR");
  const values = readEnvironment(environment);
  const { ENVIRONMENT: name, SERVER_NAME: host } = values;

  if (data.measure === "reach") {
    const urls: Readonly<Record<Target, string | undefined>> = {
      a: values.VERSIONS_URL,
      b: values.GRAPHQL_URL,
      agents: values.MCP_HEALTH_URL,
    };
    await Promise.all(
      targets.map(async (target) => {
        const url = urls[target];
        if (url === undefined) return;
        const problem = await unreachable(target, url);
        invocation.measure(problem ?? "answers", reachedFields(name, target, problem === undefined));
      }),
    );
  } else {
    const looked = {
      certificate: () => certificateDays(host),
      domain: () => domainDays(host, values.RDAP_URL),
    };
    await Promise.all(
      (["certificate", "domain"] as const).map(async (what) => {
        try {
          invocation.measure(`${what} expires`, expiryFields(name, what, await looked[what]()));
        } catch (error) {
          invocation.log("WARN", `no expiry of the ${what}`, { error: describeError(error) });
        }
      }),
    );
  }
  invocation.finish("measured", "INFO", { measure: data.measure });
}
