import {
  AdminListGroupsForUserCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type AwsServer, startAws } from "../../tools/servers/aws.ts";
import { lambdaEnvironment } from "../../tools/servers/lambda.ts";
import { callAws } from "./aws.ts";
import { secret } from "./secret.ts";

const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-AbCdEf";
const ask = { UserPoolId: "us-east-1_EXAMPLE", Username: "ann@example.com ünï" };
const { signal } = new AbortController();

let aws: AwsServer;
beforeAll(async () => {
  aws = await startAws();
  Object.assign(process.env, lambdaEnvironment, aws.environment);
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.disturbance = undefined;
  aws.calls.length = 0;
  aws.secrets.set(arn, "first");
  aws.groups.set(ask.Username, ["support"]);
});

describe("a call to AWS", () => {
  it("passes the same signature check as AWS's own SDK and gets the same answers", async () => {
    const sdk = {
      secret: await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: arn })),
      groups: await new CognitoIdentityProviderClient({}).send(new AdminListGroupsForUserCommand(ask)),
    };
    expect(await callAws("secretsmanager", "GetSecretValue", { SecretId: arn }, signal)).toMatchObject({
      SecretString: sdk.secret.SecretString,
    });
    expect(await callAws("cognito-idp", "AdminListGroupsForUser", ask, signal)).toMatchObject({
      Groups: sdk.groups.Groups,
    });
  });

  it("with a signature of another key fails that check", async () => {
    const credentials = { accessKeyId: lambdaEnvironment.AWS_ACCESS_KEY_ID, secretAccessKey: "another" };
    const stranger = new SecretsManagerClient({ credentials });
    await expect(stranger.send(new GetSecretValueCommand({ SecretId: arn }))).rejects.toMatchObject({
      name: "InvalidSignatureException",
    });
  });

  it("that is refused fails with AWS's error type and message", async () => {
    aws.groups.clear();
    await expect(callAws("cognito-idp", "AdminListGroupsForUser", ask, signal)).rejects.toMatchObject({
      name: "UserNotFoundException",
      message: "AdminListGroupsForUser: User does not exist.",
    });
  });

  it("is repeated after a temporary failure", async () => {
    aws.disturbance = () => (aws.calls.length === 1 ? { status: 500, body: {} } : undefined);
    await callAws("secretsmanager", "GetSecretValue", { SecretId: arn }, signal);
    expect(aws.calls).toHaveLength(2);
  });

  it("without an answer ends when its signal aborts", async () => {
    aws.disturbance = () => "hang";
    const call = callAws("cognito-idp", "AdminListGroupsForUser", ask, AbortSignal.timeout(20));
    await expect(call).rejects.toThrow(/timeout/i);
  });

  it.each([
    { status: 503, body: "<html>" },
    { status: 400, body: null },
  ])("fails with the status of the invalid answer %j", async (answer) => {
    aws.disturbance = () => answer;
    await expect(callAws("cognito-idp", "AdminListGroupsForUser", ask, signal)).rejects.toMatchObject({
      name: `HTTP ${answer.status}`,
    });
  });
});

describe("a secret", () => {
  it("is read once, and again only on demand", async () => {
    const cached = secret(arn);
    expect(await cached.read(signal)).toBe("first");
    aws.secrets.set(arn, "second");
    expect(await cached.read(signal)).toBe("first");
    expect(aws.calls).toHaveLength(1);
    expect(await cached.readAgain(signal)).toBe("second");
    expect(await cached.read(signal)).toBe("second");
  });

  it("is read the next time after a failed read", async () => {
    const cached = secret(arn);
    aws.secrets.delete(arn);
    await expect(cached.read(signal)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    aws.secrets.set(arn, "now");
    expect(await cached.read(signal)).toBe("now");
  });

  it("without text fails with an error that names its ARN", async () => {
    aws.secrets.set(arn, "");
    await expect(secret(arn).read(signal)).rejects.toThrow(arn);
  });
});
