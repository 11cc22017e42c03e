import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { clientCredentialsEvent, sub, tokenEvents } from "../../tools/servers/cognito-events.ts";
import { type Bundle, bundle, type LambdaProcess, startLambda } from "../../tools/servers/lambda.ts";
import { hasuraClaims } from "./claims.ts";
import { handler } from "./handler.ts";

describe("the bundle of token enhancement", () => {
  let built: Bundle;
  let lambda: LambdaProcess;
  beforeAll(async () => {
    built = await bundle("token-enhancement");
    lambda = startLambda(built.file);
  });
  afterAll(async () => {
    await lambda.stop();
    await built.remove();
  });

  const claims = (...groups: string[]) => ({
    claimsToAddOrOverride: { "https://hasura.io/jwt/claims": hasuraClaims(sub, groups) },
  });

  it("adds the claims to the ID token for a V1_0 event and keeps the groups", async () => {
    const event = tokenEvents.V1_0(["support"]);
    expect(await lambda.invoke(event)).toEqual({
      ...event,
      response: {
        claimsOverrideDetails: {
          ...claims("support"),
          groupOverrideDetails: event.request.groupConfiguration,
        },
      },
    });
  });

  it.each(["V2_0", "V3_0"] as const)("adds them to the ID and the access token for %s", async (version) => {
    const event = tokenEvents[version](["admin", "internal"]);
    expect(await lambda.invoke(event)).toEqual({
      ...event,
      response: {
        claimsAndScopeOverrideDetails: {
          idTokenGeneration: claims("admin"),
          accessTokenGeneration: claims("admin"),
          groupOverrideDetails: event.request.groupConfiguration,
        },
      },
    });
  });

  it.each([
    ["no groups", { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null }],
    ["groups that are null", { groupsToOverride: null, iamRolesToOverride: null, preferredRole: null }],
    ["an empty group configuration", {}],
  ])("gives a user with %s the role user", async (_, groupConfiguration) => {
    const event = tokenEvents.V1_0([]);
    const { response } = Object(
      await lambda.invoke({ ...event, request: { ...event.request, groupConfiguration } }),
    );
    expect(response.claimsOverrideDetails).toEqual({
      ...claims(),
      groupOverrideDetails: groupConfiguration,
    });
  });

  it("adds no claims for client credentials", async () => {
    expect(await lambda.invoke(clientCredentialsEvent)).toEqual(clientCredentialsEvent);
    expect(lambda.logs.at(-1)).toMatchObject({ level: "INFO", Outcome: "no_user" });
  });

  it.each([
    ["a version that does not exist yet", { ...tokenEvents.V2_0(["admin"]), version: "4" }],
    ["no version", { ...tokenEvents.V2_0(["admin"]), version: undefined }],
    ["groups that are no list", { ...tokenEvents.V1_0([]), request: { groupConfiguration: "admin" } }],
    ["nothing in it", {}],
  ])("returns an event with %s unchanged and logs that", async (_, event) => {
    expect(await lambda.invoke(event)).toEqual(JSON.parse(JSON.stringify(event)));
    expect(lambda.logs.at(-1)).toMatchObject({ level: "ERROR", Outcome: "malformed" });
  });

  it("logs one JSON line per invocation, with metrics, the user's id and no other personal data", async () => {
    const before = lambda.output.length;
    await lambda.invoke(tokenEvents.V2_0(["support"]));
    const [line, ...more] = lambda.output.slice(before);
    expect(more).toEqual([]);
    expect(line).not.toMatch(/ann|example\.com/);
    expect(JSON.parse(line ?? "")).toEqual({
      timestamp: expect.any(String),
      level: "INFO",
      message: "enhanced",
      Function: "token-enhancement",
      requestId: expect.stringMatching(/^request-/),
      Outcome: "enhanced",
      userId: sub,
      Invocations: 1,
      Duration: expect.any(Number),
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: "PhenomChat",
            Dimensions: [["Function"], ["Function", "Outcome"]],
            Metrics: [
              { Name: "Invocations", Unit: "Count" },
              { Name: "Duration", Unit: "Milliseconds" },
            ],
          },
        ],
      },
    });
  });
});

it("the handler returns any event, and adds only a response that never grants admin", async () => {
  const write = jest.spyOn(process.stdout, "write").mockReturnValue(true);
  const group = fc.oneof(fc.string(), fc.constantFrom("admin", "support", "chat_admin"));
  const mostly = <T, U>(likely: fc.Arbitrary<T>, hostile: fc.Arbitrary<U>) =>
    fc.oneof({ weight: 9, arbitrary: likely }, { weight: 1, arbitrary: hostile });
  const event = mostly(
    fc.record({
      version: mostly(fc.constantFrom("1", "2", "3"), fc.anything()),
      triggerSource: mostly(fc.constant("TokenGeneration_Authentication"), fc.anything()),
      request: mostly(
        fc.record({
          userAttributes: mostly(fc.record({ sub: mostly(fc.string(), fc.anything()) }), fc.anything()),
          groupConfiguration: mostly(fc.record({ groupsToOverride: fc.array(group) }), fc.anything()),
        }),
        fc.anything(),
      ),
    }),
    fc.anything(),
  );
  let enhanced = 0;
  try {
    await fc.assert(
      fc.asyncProperty(event, async (given) => {
        const returned = await handler(given, { awsRequestId: "id", getRemainingTimeInMillis: () => 5000 });
        if (returned === given) return;
        enhanced++;
        const { response, ...rest } = Object(returned);
        const { response: _, ...before } = Object(given);
        expect(rest).toEqual(before);
        const details = response.claimsOverrideDetails ?? response.claimsAndScopeOverrideDetails;
        const generations = [details, details.idTokenGeneration, details.accessTokenGeneration];
        const texts = generations.flatMap((part) => Object.values(part?.claimsToAddOrOverride ?? {}));
        expect(texts.length).toBeGreaterThan(0);
        for (const text of texts)
          expect(JSON.parse(String(text))["x-hasura-allowed-roles"]).not.toContain("admin");
      }),
      { numRuns: 500 },
    );
    expect(enhanced).toBeGreaterThan(0);
  } finally {
    write.mockRestore();
  }
});
