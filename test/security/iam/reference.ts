import { readFileSync } from "node:fs";
import * as z from "zod";
import type { PolicyStatement } from "../../../constructs/iam-policy.ts";
import { overlap } from "../../../tools/terraform-offline/iam/evaluator.ts";

const FILE = "test/security/iam/service-authorization.json";
const { actions: reference } = z
  .strictObject({
    about: z.string(),
    actions: z.record(
      z.string(),
      z.strictObject({
        actions: z.int(),
        resources: z.array(z.string()),
        keys: z.array(z.string()),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(FILE, "utf8")));

/** Condition keys that every request has. */
const GLOBAL_KEYS =
  /^aws:(?:Principal|Source|CalledVia|ViaAWSService|CurrentTime|SecureTransport)|^lambda:SourceFunctionArn$/;

/** A condition key without the name of a tag, which the reference writes as a variable. */
const family = (key: string) => key.replace(/^(aws:\w+Tag)\/.*/, "$1/");

const list = (value: string | readonly string[] | undefined): readonly string[] => [value ?? []].flat();

/** What is wrong with a statement by AWS's Service Authorization Reference: such a statement never allows anything. */
export function impossible({ Sid, Action, Resource, Condition = {} }: PolicyStatement): string[] {
  const keys = Object.values(Condition).flatMap((byKey) => Object.keys(byKey));
  const taken = list(Action).map((action) => ({ action, known: reference[action] }));
  const resources = list(Resource);
  const ofActions = taken.flatMap(({ action, known }) => {
    if (!known)
      return [`${action} is not in ${FILE}: python test/security/iam/service_authorization.py ${action}`];
    if (!known.actions) return [`${action} names no action of AWS`];
    const resourceFits =
      resources.includes("*") ||
      known.resources.some((pattern) => resources.some((resource) => overlap(pattern, resource)));
    const families = known.keys.map(family);
    const unknownKeys = keys.filter((key) => !GLOBAL_KEYS.test(key) && !families.includes(family(key)));
    return [
      ...(resourceFits ? [] : [`${action} takes none of ${resources.join(", ")}`]),
      ...unknownKeys.map((key) => `${action} never has the condition key ${key}`),
    ];
  });
  const ofResources = resources
    .filter((resource) => resource !== "*")
    .filter(
      (resource) =>
        !taken.some(({ known }) => known?.resources.some((pattern) => overlap(pattern, resource))),
    )
    .map((resource) => `no action takes ${resource}`);
  return [...ofActions, ...ofResources].map((problem) => `${Sid}: ${problem}`);
}
