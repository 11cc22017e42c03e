import { isJsonObject, type JsonObject, membersOf } from "../../json.ts";
import { Diagnostic } from "../../plugin/diagnostic.ts";
import { blocksOf, listOf, textOf, type Value, type Values } from "../../plugin/value.ts";
import type { Computed } from "../provider.ts";

/** A list of one is written as its element. */
const single = (values: readonly Value[]): unknown => (values.length === 1 ? values[0] : values);

/** In the provider's order. */
const sorted = (value: Value | undefined): Value[] => [...listOf(value)].sort().reverse();

const isEmpty = (object: object) => Object.keys(object).length === 0;

function principalsOf(blocks: readonly Values[]): unknown {
  const all: Record<string, Value[]> = {};
  for (const { type, identifiers } of blocks) {
    const names = sorted(identifiers);
    if (type === "*" && names.length === 1 && names[0] === "*") return "*";
    all[String(type)] = [...(all[String(type)] ?? []), ...names];
  }
  if (isEmpty(all)) return undefined;
  return Object.fromEntries(Object.entries(all).map(([type, names]) => [type, single(names)]));
}

function conditionsOf(blocks: readonly Values[]): unknown {
  const all: Record<string, JsonObject> = {};
  for (const { test, variable, values } of blocks)
    all[String(test)] = { ...all[String(test)], [String(variable)]: single(listOf(values)) };
  return isEmpty(all) ? undefined : all;
}

/** A configuration writes policy variables as `&{…}`, since `${…}` is Terraform's own. */
function withVariables(json: unknown): unknown {
  if (typeof json === "string") return json.replaceAll("&{", "${");
  if (Array.isArray(json)) return json.map(withVariables);
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, withVariables(value)]));
}

/** The policy element that each argument with a list becomes. */
const listArguments = {
  Action: "actions",
  NotAction: "not_actions",
  Resource: "resources",
  NotResource: "not_resources",
};

function statementOf(block: Values): JsonObject {
  const sid = textOf(block.sid);
  const lists = Object.entries(listArguments)
    .map(([element, argument]) => [element, sorted(block[argument])] as const)
    .filter(([, values]) => values.length)
    .map(([element, values]) => [element, single(values)]);
  const blocks = Object.entries({
    Principal: principalsOf(blocksOf(block.principals)),
    NotPrincipal: principalsOf(blocksOf(block.not_principals)),
    Condition: conditionsOf(blocksOf(block.condition)),
  }).filter(([, value]) => value !== undefined);
  const statement = {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: textOf(block.effect) ?? "Allow",
    ...Object.fromEntries([...lists, ...blocks]),
  };
  return membersOf(withVariables(statement));
}

function statementsOf(text: Value, argument: string): JsonObject[] {
  let document: unknown;
  try {
    document = JSON.parse(String(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Diagnostic(`${argument} is not valid JSON`, reason, [argument]);
  }
  const { Statement: statement } = membersOf(document);
  if (!statement) return [];
  return (Array.isArray(statement) ? statement : [statement]).map(membersOf);
}

/** The values of the data source `aws_iam_policy_document`. */
export function policyDocument(config: Values): Computed {
  const statements: JsonObject[] = [];
  /** A statement takes the place of the one with its Sid; two of the sources may not have the same. */
  const add = (statement: JsonObject, fromSource: boolean) => {
    const { Sid: sid } = statement;
    const position = sid ? statements.findIndex((other) => other.Sid === sid) : -1;
    if (position < 0) statements.push(statement);
    else if (fromSource)
      throw new Diagnostic("duplicate Sid", `the Sid ${JSON.stringify(sid)} occurs more than once`, [
        "statement",
      ]);
    else statements[position] = statement;
  };
  for (const text of listOf(config.source_policy_documents))
    for (const statement of statementsOf(text, "source_policy_documents")) add(statement, true);
  for (const block of blocksOf(config.statement)) add(statementOf(block), false);
  for (const text of listOf(config.override_policy_documents))
    for (const statement of statementsOf(text, "override_policy_documents")) add(statement, false);
  const id = textOf(config.policy_id);
  const version = textOf(config.version) ?? "2012-10-17";
  const document = { Version: version, ...(id === undefined ? {} : { Id: id }), Statement: statements };
  const json = JSON.stringify(document, null, 2);
  return {
    json,
    minified_json: JSON.stringify(document),
    id: String(Number.parseInt(Buffer.from(json).toString("hex").slice(0, 8), 16)),
    version,
  };
}
