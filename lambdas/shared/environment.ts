import * as z from "zod/mini";
import { HTTP_URL_FORM, isHttpUrl } from "../../shared/environment.ts";

/**
 * A variable with its one-line description.
 *
 * @param secret whether errors leave the value out: it may be a secret or hold one by mistake
 */
export const variable = <Schema extends z.ZodMiniType>(
  schema: Schema,
  description: string,
  { secret = false } = {},
): Schema => {
  z.globalRegistry.add(schema, { description, secret });
  return schema;
};

/** An http or https URL. */
export const url = () =>
  z.pipe(
    z.string().check(z.refine(isHttpUrl, HTTP_URL_FORM)),
    z.transform((text) => new URL(text).href),
  );

/** The ARN of a secret. */
export const secretArn = () =>
  z
    .string()
    .check(
      z.regex(
        /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/,
        "must be the ARN of a secret, such as arn:aws:secretsmanager:us-east-1:123456789012:secret:name",
      ),
    );

/** A TCP port. */
export const port = () =>
  z.pipe(
    z
      .string()
      .check(
        z.refine(
          (text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535,
          "must be a port from 1 to 65535",
        ),
      ),
    z.transform(Number),
  );
