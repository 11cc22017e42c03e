import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import * as z from "zod/mini";
import { describeVariable } from "../../shared/environment.ts";
import { environment as linkPreview } from "../link-preview/environment.ts";
import { environment as tokenEnhancement } from "../token-enhancement/environment.ts";
import { port, secretArn, url } from "./environment.ts";
import { environment as userProvisioner } from "./provisioning/environment.ts";

describe("a secret's ARN", () => {
  const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-development-chat-x-AbCdEf";

  it.each([arn, arn.replace("arn:aws:", "arn:aws-us-gov:")])("may be %s", (text) => {
    expect(z.parse(secretArn(), text)).toBe(text);
  });

  it.each(["the-secret-itself", `${arn} `, arn.replace("secretsmanager", "ssm")])("is not %j", (text) => {
    expect(z.safeParse(secretArn(), text).success).toBe(false);
  });
});

describe("a URL", () => {
  it("is read in its normal form, so that two spellings of an endpoint are the same", () => {
    expect(z.parse(url(), "HTTP://Hasura:80")).toBe("http://hasura/");
  });
});

describe("a port", () => {
  it("is a number from 1 to 65535 and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -10, max: 70_000 }).map(String), fc.string()), (text) => {
        const valid = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
        expect(z.safeParse(port(), text)).toMatchObject(
          valid ? { success: true, data: Number(text) } : { success: false },
        );
      }),
    );
  });
});

describe("the variables of each handler", () => {
  it.each([
    ["link-preview", linkPreview],
    ["token-enhancement", tokenEnhancement],
    ["user-provisioner", userProvisioner],
  ])("of %s have one line of description each", (_, schema) => {
    for (const name of Object.keys(schema.shape))
      expect(describeVariable(schema, name).description).toMatch(/^[A-Z][^\n]{10,}[^.]$/);
  });

  it.each([
    ["link-preview", linkPreview],
    ["user-provisioner", userProvisioner],
  ])("of %s are secret where a secret may stand by mistake", (_, schema) => {
    for (const name of Object.keys(schema.shape).filter((name) => /SECRET|ENDPOINT/.test(name)))
      expect([name, describeVariable(schema, name).secret]).toEqual([name, true]);
  });
});
