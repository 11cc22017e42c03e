import * as z from "zod/mini";
import { callAws } from "./aws.ts";

/** A secret of Secrets Manager, kept in memory between invocations. */
export interface Secret {
  /** The secret string as last read. @throws AwsError, TypeError or Error if it cannot be read */
  read(signal: AbortSignal): Promise<string>;
  /** Reads the secret string again, after the last one was refused. */
  readAgain(signal: AbortSignal): Promise<string>;
}

const secretValue = z.object({ SecretString: z.string().check(z.minLength(1)) });

export function secret(arn: string): Secret {
  let cached: string | undefined;
  const readAgain = async (signal: AbortSignal) => {
    const answer = await callAws("secretsmanager", "GetSecretValue", { SecretId: arn }, signal);
    const { success, data } = secretValue.safeParse(answer);
    if (!success) throw new Error(`the secret ${arn} has no text: give it a secret string`);
    cached = data.SecretString;
    return cached;
  };
  return { read: async (signal) => cached ?? readAgain(signal), readAgain };
}
