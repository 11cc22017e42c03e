import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { unzipSync } from "fflate";
import * as z from "zod";
import { type LambdaProcess, startLambda } from "../servers/lambda.ts";
import type { Applied } from "./applied.ts";
import { lambdaFunctions } from "./state.ts";

/** The Lambda functions of an applied state, each from the ZIP that Terraform would upload. */
export class Functions {
  readonly #processes = new Map<string, LambdaProcess>();

  /**
   * @param folder for the unpacked ZIPs
   * @param environment variables that replace a function's own, where those lead to addresses outside this machine
   */
  constructor(applied: Applied, folder: string, environment: Readonly<Record<string, string>>) {
    for (const { arn, function_name, filename, environment: own } of lambdaFunctions(applied)) {
      const target = path.join(folder, function_name);
      mkdirSync(target, { recursive: true });
      for (const [name, content] of Object.entries(
        unzipSync(readFileSync(path.join(applied.folder, filename))),
      ))
        writeFileSync(path.join(target, name), content);
      // As on Lambda: no package.json of a folder above decides how Node.js reads the bundle.
      writeFileSync(path.join(target, "package.json"), "{}");
      const variables = own?.[0]?.variables ?? {};
      const replaced = Object.entries(environment).filter(
        ([name]) => name in variables || name.startsWith("AWS_"),
      );
      this.#processes.set(
        arn,
        startLambda(path.join(target, "index.js"), { ...variables, ...Object.fromEntries(replaced) }),
      );
    }
  }

  /** @throws Error where there is no such function, or its handler throws */
  invoke(arn: string, event: object): Promise<unknown> {
    const process = this.#processes.get(arn);
    if (!process) throw new Error(`there is no function ${arn}`);
    return process.invoke(event);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.stop()));
  }
}

const httpAnswer = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(""),
});

/** Calls a function as API Gateway's HTTP API does, payload format 2.0. */
export async function callByHttp(
  functions: Functions,
  arn: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<z.infer<typeof httpAnswer>> {
  const event = {
    ...{ version: "2.0", routeKey: "POST /", rawPath: "/", rawQueryString: "", isBase64Encoded: false, body },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    requestContext: { http: { method: "POST", path: "/", protocol: "HTTP/1.1", sourceIp: "203.0.113.10" } },
  };
  return httpAnswer.parse(await functions.invoke(arn, event));
}
