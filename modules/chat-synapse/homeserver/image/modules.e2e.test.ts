import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWithSynapse } from "../../../../test/describe-with-synapse.ts";
import { PRIVATE_NAMES, PUBLIC_NAMES } from "../../../../test/public-names.ts";
import { entrypoint, synapsePython } from "../../../../tools/servers/synapse.ts";

/** Runs a program beside the image's modules, with Synapse's packages, and parses what it prints. */
async function python<T>(program: string, input: unknown, answer: z.ZodType<T>): Promise<T> {
  const running = promisify(execFile)(synapsePython, ["-c", program], {
    env: { ...process.env, PYTHONPATH: dirname(entrypoint), PYTHONDONTWRITEBYTECODE: "1" },
  });
  running.child.stdin?.end(JSON.stringify(input));
  return z.parse(answer, JSON.parse((await running).stdout));
}

describeWithSynapse("the image's modules", () => {
  it("show names as Hasura's side does, and nothing that identifies a person elsewhere", async () => {
    const program =
      "import json, sys, phenom_names; print(json.dumps([phenom_names.public_name(n) for n in json.load(sys.stdin)]))";
    const names = [...PUBLIC_NAMES.map(([, name]) => name), ...PRIVATE_NAMES.map(([, name]) => name)];
    const shown = await python(program, names, z.array(z.string().nullable()));
    expect(Object.fromEntries(names.map((name, i) => [name, shown[i]]))).toEqual({
      ...Object.fromEntries(PUBLIC_NAMES.map(([, name, expected]) => [name, expected])),
      ...Object.fromEntries(PRIVATE_NAMES.map(([, name]) => [name, null])),
    });
  });

  it("hold no request longer than the load balancer does", async () => {
    const program = `
import json, sys
from types import SimpleNamespace as Object
import phenom_requests
phenom_requests.find_handler = lambda resource, request: request.args.get(b"timeout")
def held(timeout):
    args = {} if timeout is None else {b"timeout": [timeout.encode()]}
    found = phenom_requests.find_handler_within_limits(None, Object(uri=b"/_matrix/client/v3/sync", args=args))
    return found and found[0].decode()
print(json.dumps([held(timeout) for timeout in json.load(sys.stdin)]))`;
    const timeouts = ["0", "30000", "50000", "50001", "600000", "9".repeat(5000), "-1", "soon", null];
    expect(await python(program, timeouts, z.array(z.string().nullable()))).toEqual([
      ...["0", "30000", "50000", "50000", "50000", "50000", "-1", "soon"],
      null,
    ]);
  });
});
