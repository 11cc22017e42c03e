import { describeError } from "../../shared/describe-error.ts";
import { ConfigurationError, readEnvironment } from "../../shared/environment.ts";
import { WEBHOOK_SECRET_HEADER } from "../../shared/hasura-names.ts";
import { type InvocationContext, type Level, startInvocation } from "../shared/invocation.ts";
import { secret } from "../shared/secret.ts";
import { environment } from "./environment.ts";
import { parseHttpRequest, parsePreviewRequest, scheduled } from "./event.ts";
import { sendTo, sendToHasura } from "./hasura.ts";
import { outboxFields } from "./outbox-metrics.ts";
import { type Outcome, statusCodes } from "./outcomes.ts";
import { waitingRequests } from "./previews.ts";
import { renewPreviews, resolvePreview } from "./resolve.ts";
import { webhookVerifier } from "./webhook-secret.ts";

/** Time for the whole invocation; Hasura and API Gateway wait 30 seconds. */
const BUDGET_MS = 10_000;

/** Time for a run that renews previews, which nobody waits for. */
const RENEWAL_BUDGET_MS = 28_000;

/** Time that is left for the answer when Lambda would end the invocation earlier. */
const RESERVE_MS = 500;

/** An answer for API Gateway. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Service = ReturnType<typeof createService>;
let service: Service | undefined;

/**
 * The webhook of Hasura's event trigger: stores the preview card of a link that was sent to a room. A schedule invokes
 * the same function to renew previews before they expire.
 */
export async function handler(event: unknown, context: InvocationContext): Promise<HttpAnswer> {
  const invocation = startInvocation<Outcome>("link-preview", context);
  const remaining = Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS);
  // The HTTP API puts whatever a caller sends below `body` and `headers`, so no caller can pass for the schedule.
  const isRenewal = scheduled.safeParse(event).success;
  const signal = AbortSignal.timeout(Math.min(isRenewal ? RENEWAL_BUDGET_MS : BUDGET_MS, remaining));
  const end = (outcome: Outcome, level: Level, fields = {}, latencies = {}): HttpAnswer => {
    const statusCode = statusCodes[outcome];
    invocation.finish(outcome, level, { statusCode, hasuraRetries: statusCode >= 300, ...fields }, latencies);
    const headers = { "content-type": "application/json" };
    return { statusCode, headers, body: JSON.stringify({ outcome, ...fields }) };
  };

  const seen: Record<string, string | number> = {};
  const latencies: Record<string, number> = {};
  try {
    service ??= createService();
    if (isRenewal) {
      try {
        invocation.measure("outbox", outboxFields(await waitingRequests(service.sources.hasura, signal)));
      } catch (error) {
        // Renewing matters more than counting.
        invocation.log("WARN", "requests not counted", { error: describeError(error) });
      }
      const { error, ...counts } = await renewPreviews(service.sources, signal);
      if (error !== undefined) invocation.log("ERROR", "not all renewed", { error: describeError(error) });
      return end(counts.failed > 0 ? "failed" : "renewed", counts.failed > 0 ? "ERROR" : "INFO", counts);
    }
    const request = parseHttpRequest(event);
    const presented = request?.headers[WEBHOOK_SECRET_HEADER];
    if (!request || !presented || !(await service.gate(presented, signal)))
      return end("unauthorized", "WARN");

    const wanted = parsePreviewRequest(request);
    if (typeof wanted === "string") return end("dropped", "WARN", { reason: `malformed payload: ${wanted}` });
    Object.assign(seen, wanted);

    const outcome = await resolvePreview(service.sources, wanted.phenomId, signal, latencies);
    if (outcome === "unknown") return end("dropped", "WARN", { reason: "unknown id", ...seen }, latencies);
    return end(outcome, "INFO", seen, latencies);
  } catch (error) {
    const outcome = error instanceof ConfigurationError ? "misconfigured" : "failed";
    invocation.log("ERROR", "error", { error: describeError(error), ...seen });
    return end(outcome, "ERROR", seen, latencies);
  }
}

/** What is kept between invocations. */
function createService() {
  const values = readEnvironment(environment);
  const adminSecret = secret(values.HASURA_ADMIN_SECRET_ARN);
  const contentEndpoint = values.CONTENT_ENDPOINT ?? values.HASURA_ENDPOINT;
  return {
    gate: webhookVerifier(secret(values.WEBHOOK_SECRET_ARN)),
    sources: {
      hasura: sendToHasura(values.HASURA_ENDPOINT, adminSecret),
      // The admin secret is for Hasura alone, and no content is read with all its rights.
      content:
        contentEndpoint === values.HASURA_ENDPOINT
          ? sendToHasura(values.HASURA_ENDPOINT, adminSecret, values.CONTENT_ROLE)
          : sendTo(contentEndpoint),
      contentQuery: values.CONTENT_QUERY,
      urlTemplate: values.CONTENT_URL_TEMPLATE,
    },
  };
}
