/** Hasura's event trigger payload for a row of the outbox, as Hasura 2 documents it. */
export const outboxEvent = (phenomId: unknown, retry = 0) => ({
  created_at: "2026-03-02T10:15:00.123456",
  delivery_info: { current_retry: retry, max_retries: 5 },
  event: {
    data: {
      new: {
        id: "0d1c9d3e-6b1c-4a52-8f0e-7a2b1f0c9d3e",
        phenom_id: phenomId,
        created_at: "2026-03-02T10:15:00.120000+00:00",
      },
      old: null,
    },
    op: "INSERT",
    session_variables: { "x-hasura-role": "user", "x-hasura-user-id": "2f8d4b1a" },
    trace_context: { span_id: "fb1d2f3e4a5b6c7d", trace_id: "0af7651916cd43dd8448eb211c80319c" },
  },
  id: "8c2f6d8e-1f5a-4f5e-9c77-0f5f5b1d2a3c",
  table: { name: "chat_link_preview_requests", schema: "public" },
  trigger: { name: "chat_link_preview" },
});

/** API Gateway's event for POST / of an HTTP API, payload format 2.0. */
export const httpRequest = (body: string, headers: Readonly<Record<string, string>>) => ({
  version: "2.0",
  routeKey: "POST /",
  rawPath: "/",
  rawQueryString: "",
  headers: {
    accept: "*/*",
    "content-length": String(Buffer.byteLength(body)),
    "content-type": "application/json",
    host: "abc123.execute-api.us-east-1.amazonaws.com",
    "user-agent": "hasura-graphql-engine/v2.48.0",
    "x-forwarded-for": "203.0.113.10",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
    ...headers,
  },
  requestContext: {
    accountId: "123456789012",
    apiId: "abc123",
    domainName: "abc123.execute-api.us-east-1.amazonaws.com",
    domainPrefix: "abc123",
    http: {
      method: "POST",
      path: "/",
      protocol: "HTTP/1.1",
      sourceIp: "203.0.113.10",
      userAgent: "hasura-graphql-engine/v2.48.0",
    },
    requestId: "JKJaXmPLvHcESHA=",
    routeKey: "POST /",
    stage: "$default",
    time: "02/Mar/2026:10:15:00 +0000",
    timeEpoch: 1772446500000,
  },
  body,
  isBase64Encoded: false,
});
