import { Diagnostic } from "../plugin/diagnostic.ts";
import { isObject, isText, listOf, mapValues, type Value, type Values } from "../plugin/value.ts";
import { ACCOUNT, regionOf } from "../providers/aws/ids.ts";
import type { Context } from "../providers/provider.ts";
import { aboutAction, isAllowed, type Request } from "./evaluator.ts";
import { type Operation, rights } from "./rights.ts";
import type { Example, Role } from "./role.ts";

const verbs: Readonly<Record<Operation, string>> = {
  create: "creating",
  read: "reading",
  update: "updating",
  delete: "deleting",
};

/**
 * Asks IAM whether the role may do what Terraform is about to do with a resource, where a role is enforced.
 * @param type of the resource; `data.` and the type of a data source
 * @throws Diagnostic with AWS's sentence at the first right that is missing
 */
export function authorize(operation: Operation, type: string, values: Values, context: Context): void {
  const { role } = context.run;
  if (!role) return;
  const refused = requests(operation, type, values, context, role).find((one) => !isAllowed(role, one));
  if (refused) throw accessDenied(operation, type, refused, role);
}

function accessDenied(operation: Operation, type: string, request: Request, role: Role): Diagnostic {
  const { action, resource, context = {} } = request;
  const statement = { Effect: "Allow", Action: action, Resource: resource };
  const conditions = Object.entries(context).map(([key, value]) => `${key} = ${value}`);
  const others = aboutAction(role.statements, action).map(({ Sid }) => Sid);
  return new Diagnostic(
    `${verbs[operation]} ${type}: AccessDenied`,
    `User: arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/terraform is not authorized to perform: ${action} ` +
      `on resource: ${resource} because no identity-based policy allows the ${action} action\n` +
      `The request's condition keys: ${conditions.join(", ") || "none"}.\n` +
      `Missing statement: ${JSON.stringify(statement)}. ` +
      (others.length
        ? `These allow the action, but not this request: ${others.join(", ")}.`
        : "No statement of the role names the action."),
  );
}

/** What AWS asks IAM for, each request with its resource's own ARN, tags and permissions boundary. */
function requests(
  operation: Operation,
  type: string,
  values: Values,
  context: Context,
  role: Role,
): readonly Request[] {
  const needed = Object.hasOwn(rights, type) ? rights[type] : undefined;
  if (!needed)
    throw new Diagnostic(
      `${type}: its rights are not known`,
      "TF_OFFLINE_ROLE enforces a role: add the type to tools/terraform-offline/iam/rights.ts.",
    );
  const region = regionOf(values, context);
  const about = needed.about?.(values, (service, resource) =>
    ["arn:aws", service, service === "iam" ? "" : region, ACCOUNT, resource].join(":"),
  ) ?? [values.arn ?? values.id ?? null];
  const arns = [...new Set([...about.filter(isText), ...arnsIn(values)])].filter(isArn);
  const actions = (of: typeof needed.read) => (typeof of === "function" ? of(values) : of);
  const reads = operation === "create" || operation === "update" ? actions(needed.read) : [];
  return [...actions(needed[operation]), ...reads].flatMap((action) => {
    const examples = role.examples.get(action);
    if (!examples)
      throw new Diagnostic(
        `${type}: no request for ${action} is known`,
        "Add an example to the requests in the file of TF_OFFLINE_ROLE.",
      );
    return examples.flatMap((example) => likeExample(example, arns, values, context));
  });
}

/** An example as it is asked about these resources: about those of its kind, and otherwise as it stands. */
function likeExample(
  { action, resource, context }: Example,
  arns: readonly string[],
  values: Values,
  { run }: Context,
): Request[] {
  // A service-linked role is none of the resource's own roles.
  const asItStands = resource === "*" || action === "iam:CreateServiceLinkedRole";
  const ofKind = asItStands ? [] : arns.filter((arn) => kindOf(arn) === kindOf(resource));
  // Of several resources of a kind, the first is the one that the operation is about; each role is passed.
  const concerned = action === "iam:PassRole" ? ofKind : ofKind.slice(0, 1);
  if (!concerned.length) return [{ action, resource, context: described(context, undefined, values) }];
  const suffix = resource.endsWith(":*") ? ":*" : "";
  return concerned.map((arn) => ({
    action,
    resource: `${arn}${suffix}`,
    context: described(context, isOwn(arn, values) ? values : run.described.get(arn), values),
  }));
}

const isOwn = (arn: string, values: Values) =>
  "tags_all" in values && (values.arn === arn || values.id === arn);

/**
 * Values of condition keys as they are of these resources.
 * @param subject attributes of the resource that IAM is asked about; `undefined` if this run does not know it
 */
function described(
  context: Example["context"],
  subject: Values | undefined,
  { tags_all: newTags = null }: Values,
): Record<string, string> {
  const actual = (key: string, value: string): Value | undefined => {
    const [, from, tag = ""] = /^aws:(Request|Resource)Tag\/(.*)$/.exec(key) ?? [];
    if (from === "Request") return isObject(newTags) ? newTags[tag] : value;
    if (!subject) return value;
    if (from === "Resource") return isObject(subject.tags_all) ? subject.tags_all[tag] : undefined;
    return key === "iam:PermissionsBoundary" ? subject.permissions_boundary : value;
  };
  return Object.fromEntries(
    Object.entries(mapValues(context, (value, key) => actual(key, value))).filter(
      (entry): entry is [string, string] => isText(entry[1] ?? null) && entry[1] !== "",
    ),
  );
}

const isArn = (text: string) => text.startsWith("arn:");

/** Every ARN in the values of a resource. */
function arnsIn(value: Value | undefined): string[] {
  if (isText(value ?? null) && isArn(String(value))) return [String(value)];
  return (isObject(value) ? Object.values(value) : listOf(value)).flatMap(arnsIn);
}

/** Service and kind of an ARN, such as `iam:role` of `arn:aws:iam::123456789012:role/x`. */
function kindOf(arn: string): string {
  const [, , service, , , ...rest] = arn.split(":");
  const [first = ""] = rest.join(":").replace(/^\//, "").split(/[:/]/);
  return `${service}:${service === "sns" ? "topic" : first}`;
}
