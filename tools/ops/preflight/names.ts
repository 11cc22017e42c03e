import { GetObjectCommand } from "@aws-sdk/client-s3";
import * as z from "zod";
import { readImports } from "../../../environments/imports.ts";
import { adoption } from "../adopt/adoption.ts";
import { Search } from "../adopt/search.ts";
import { zonesOf } from "../adopt/zones.ts";
import { type Finding, failed, finding, passed, skipped } from "../checks/check.ts";
import { type PreflightCheck, type Subject, unless } from "./check.ts";

/** What the stack would make: nothing under its names exists, or it is the stack's own, or it is to be imported. */
export const names: PreflightCheck = {
  name: "names",
  run: async (subject) => [await namesOf(subject)],
};

const WHAT = "names of the stack's resources";
const SHOWN = 5;

function namesOf(subject: Subject): Promise<Finding> {
  const { aws, environment, inputs, stack } = subject;
  const adopt = `npm run ops -- adopt ${environment.environment}`;
  const remedy = `Import what is the chat's: ${adopt}. Delete or rename anything else`;
  return finding(WHAT, "", async () => {
    const owned = new Set([
      ...(await addressesInState(subject)),
      ...readImports(environment.environment).map(({ to }) => to),
    ]);
    const zones = await zonesOf(aws, inputs.get("privateSubnetIds"));
    const all = await adoption(new Search(aws, stack, inputs, zones));
    const found = all.filter(({ state }) => state === "found");
    const taken = found.filter(({ address }) => !owned.has(address));
    if (taken.length) {
      const shown = taken.slice(0, SHOWN).map(({ address, id }) => `${address} (${id})`);
      const more = taken.length > SHOWN ? ` and ${taken.length - SHOWN} more` : "";
      return failed(WHAT, `exist, and the state does not hold them: ${shown.join(", ")}${more}`, remedy);
    }
    const unknown = all.filter(({ state }) => state === "unknown");
    const [first] = unknown;
    if (first)
      return skipped(
        WHAT,
        `${unknown.length} not looked at: ${first.address}: ${first.reason}`,
        `See ${adopt}`,
      );
    return passed(WHAT, `${all.length - found.length} free, ${found.length} ours or to be imported`);
  });
}

const stateJson = z.object({
  resources: z.array(
    z.object({
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.object({ index_key: z.string().optional() })),
    }),
  ),
});

/** Addresses of the resources in the environment's state; none before the first apply. */
async function addressesInState({ aws, environment }: Subject): Promise<string[]> {
  const { bucket: Bucket, key: Key, region } = environment.state;
  const object = await unless(
    ["NoSuchKey", "NoSuchBucket"],
    aws.s3(region).send(new GetObjectCommand({ Bucket, Key })),
  );
  const text = await object?.Body?.transformToString();
  if (!text) return [];
  return stateJson
    .parse(JSON.parse(text))
    .resources.flatMap(({ mode, type, name, instances }) =>
      mode === "managed"
        ? instances.map(({ index_key: key }) => `${type}.${name}${key === undefined ? "" : `["${key}"]`}`)
        : [],
    );
}
