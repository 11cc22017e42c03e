import { isJsonObject, type JsonObject, membersOf } from "../../json.ts";
import type { Value } from "../../plugin/value.ts";
import type { Checks } from "./checks.ts";

/**
 * An identity policy has a Resource and no Principal, a resource policy has both, a trust policy has a Principal and no
 * Resource.
 */
export type PolicyKind = "identity" | "resource" | "trust";

const statementElements = [
  "Sid",
  "Effect",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Principal",
  "NotPrincipal",
  "Condition",
];

const principalTypes = ["AWS", "Service", "Federated", "CanonicalUser"];

const actionPattern = /^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/;
const arnPattern = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:.+/;

const listOf = (json: unknown): unknown[] => {
  if (json === undefined || json === null) return [];
  return Array.isArray(json) ? json : [json];
};

/** Checks a policy in JSON; other values pass. */
export function checkPolicy(checks: Checks, path: string, text: Value | undefined, kind: PolicyKind): void {
  const document = checks.json(path, text);
  if (document === undefined) return;
  for (const error of policyErrors(document, kind)) checks.error(path, "MalformedPolicyDocument", error);
}

function policyErrors(document: unknown, kind: PolicyKind): string[] {
  if (!isJsonObject(document)) return ["A policy must be a JSON object."];
  const { Version: version, Statement: statement } = document;
  const found =
    version === undefined || version === "2012-10-17" || version === "2008-10-17"
      ? []
      : [`Version must be "2012-10-17" or "2008-10-17", not ${JSON.stringify(version)}.`];
  if (statement === undefined) return [...found, "The policy has no Statement."];
  const statements: unknown[] = Array.isArray(statement) ? statement : [statement];
  if (!statements.length) return [...found, "The policy has an empty Statement list."];
  const sids = new Set<unknown>();
  for (const [i, element] of statements.entries()) {
    const { Sid: sid } = membersOf(element);
    const label = `Statement ${i}${sid ? ` (${sid})` : ""}`;
    if (isJsonObject(element))
      found.push(...statementErrors(element, kind, sids).map((error) => label + error));
    else found.push(`${label} is not an object.`);
    sids.add(sid);
  }
  return found;
}

/** What is wrong with a statement; each error is what follows the statement's label. */
const statementErrors = (statement: JsonObject, kind: PolicyKind, sids: ReadonlySet<unknown>): string[] => [
  ...elementErrors(statement),
  ...(statement.Sid === undefined ? [] : sidErrors(statement.Sid, kind, sids)),
  ...actionErrors(statement),
  ...resourceErrors(statement, kind),
  ...principalErrors(statement, kind),
];

function elementErrors(statement: JsonObject): string[] {
  const unknown = Object.keys(statement).filter((name) => !statementElements.includes(name));
  const { Effect: effect } = statement;
  return [
    ...(unknown.length ? [` has unknown element(s) ${unknown.join(", ")}.`] : []),
    ...(effect === "Allow" || effect === "Deny" ? [] : [": Effect must be Allow or Deny."]),
  ];
}

function sidErrors(sid: unknown, kind: PolicyKind, others: ReadonlySet<unknown>): string[] {
  return [
    ...(kind !== "resource" && !/^[A-Za-z0-9]*$/.test(String(sid))
      ? [": a Sid may hold letters and digits only."]
      : []),
    ...(sid && others.has(sid) ? [": the Sid is used twice."] : []),
  ];
}

const actionsOf = (statement: JsonObject) => listOf(statement.Action ?? statement.NotAction);

const actionErrors = (statement: JsonObject): string[] => {
  const actions = actionsOf(statement);
  if (!actions.length) return [" has no Action."];
  return actions
    .filter((action) => typeof action !== "string" || !(action === "*" || actionPattern.test(action)))
    .map((action) => `: ${JSON.stringify(action)} is not an action (service:Name).`);
};

function resourceErrors(statement: JsonObject, kind: PolicyKind): string[] {
  const resources = listOf(statement.Resource ?? statement.NotResource);
  const isResource = (resource: unknown) =>
    typeof resource === "string" &&
    (resource === "*" || arnPattern.test(resource) || resource.startsWith("${"));
  const malformed = resources
    .filter((resource) => !isResource(resource))
    .map((resource) => `: ${JSON.stringify(resource)} is not an arnPattern or "*".`);
  if (kind !== "trust") return resources.length ? malformed : [" has no Resource."];
  return [
    ...(resources.length ? [": a trust policy has no Resource."] : []),
    ...actionsOf(statement)
      .filter((action) => typeof action === "string" && !/^(sts:|\*)/.test(action))
      .map((action) => `: a trust policy allows sts: actions only, not ${action}.`),
    ...malformed,
  ];
}

function principalErrors(statement: JsonObject, kind: PolicyKind): string[] {
  const principal = statement.Principal ?? statement.NotPrincipal;
  const unknown = Object.keys(membersOf(principal)).filter((type) => !principalTypes.includes(type));
  return [
    ...(kind === "identity" && principal !== undefined ? [": an identity policy has no Principal."] : []),
    ...(kind !== "identity" && principal === undefined ? [" has no Principal."] : []),
    ...unknown.map((type) => `: unknown principal type ${type}.`),
    ...(typeof principal === "string" && principal !== "*" ? [': Principal must be "*" or an object.'] : []),
  ];
}
