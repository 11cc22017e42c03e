import { blocksOf, isText, textOf, type Value, type Values } from "../../plugin/value.ts";
import { CREATED } from "../invented.ts";
import type { Checks } from "./checks.ts";
import { type Ids, lastPart } from "./ids.ts";
import { checkPolicy } from "./policy-check.ts";
import { policyDocument } from "./policy-document.ts";
import type { AwsService } from "./service.ts";

/** IAM counts a policy's characters without white space. */
const sizeOf = (policy: Value | undefined) => (isText(policy) ? policy.replace(/\s/g, "").length : 0);

function checkName(checks: Checks, config: Values, maxLength: number): void {
  checks.matches(config, "name", /^[0-9A-Za-z=,.@_+-]+$/, "Letters, digits and =,.@_+- are allowed.");
  checks.length(config, "name", 1, maxLength);
}

const withPath = (kind: string, { path }: Values, ids: Ids) =>
  ids.globalArn("iam", `${kind}${textOf(path) ?? "/"}${ids.name()}`);

const alreadyExists = { error: "EntityAlreadyExists", inAllRegions: true };

export const iam: AwsService = {
  resources: {
    aws_iam_role: {
      check(checks, config) {
        checkName(checks, config, 64);
        checks.length(config, "name_prefix", 1, 38);
        checks.range(config, "max_session_duration", 3600, 43200);
        checkPolicy(checks, "assume_role_policy", config.assume_role_policy, "trust");
        for (const { policy } of blocksOf(config.inline_policy))
          if (policy !== "") checkPolicy(checks, "inline_policy", policy, "identity");
      },
      computed: (planned, ids) => ({
        name: ids.name(),
        id: ids.name(),
        arn: withPath("role", planned, ids),
        unique_id: `AROA${ids.upper(17)}`,
        create_date: CREATED,
        managed_policy_arns: [],
      }),
      replacedBy: ["name", "name_prefix", "path"],
      unique: { by: ["name"], ...alreadyExists },
      importedBy: "name",
    },
    aws_iam_role_policy: {
      check(checks, config) {
        checkName(checks, config, 128);
        checkPolicy(checks, "policy", config.policy, "identity");
        if (sizeOf(config.policy) > 10240)
          checks.error("policy", "LimitExceeded: inline role policies may have 10240 characters in all");
      },
      computed: ({ role }, ids) => ({ name: ids.name(), id: `${role}:${ids.name()}` }),
      replacedBy: ["name", "name_prefix", "role"],
    },
    aws_iam_policy: {
      check(checks, config) {
        checkName(checks, config, 128);
        checkPolicy(checks, "policy", config.policy, "identity");
        if (sizeOf(config.policy) > 6144)
          checks.error("policy", "LimitExceeded: Cannot exceed quota for PolicySize: 6144");
      },
      computed(planned, ids) {
        const arn = withPath("policy", planned, ids);
        return { name: ids.name(), arn, id: arn, policy_id: `ANPA${ids.upper(17)}`, attachment_count: 0 };
      },
      replacedBy: ["name", "name_prefix", "path", "description"],
      unique: { by: ["name"], ...alreadyExists },
    },
    aws_iam_role_policy_attachment: {
      check(checks, { policy_arn, role }) {
        if (isText(policy_arn) && !/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/.+/.test(policy_arn))
          checks.error("policy_arn", `${JSON.stringify(policy_arn)} is not the ARN of an IAM policy`);
        if (isText(role) && role.startsWith("arn:"))
          checks.error("role", "role takes the name of a role, not its ARN", role);
      },
      computed: ({ role, policy_arn }) => ({ id: `${role}/${policy_arn}` }),
      replacedBy: ["role", "policy_arn"],
    },
    aws_iam_instance_profile: {
      computed: (planned, ids) => ({
        name: ids.name(),
        id: ids.name(),
        arn: withPath("instance-profile", planned, ids),
        unique_id: `AIPA${ids.upper(17)}`,
        create_date: CREATED,
      }),
      replacedBy: ["name", "name_prefix", "path"],
      unique: { by: ["name"], ...alreadyExists },
    },
    aws_iam_openid_connect_provider: {
      computed({ url }, ids) {
        const arn = ids.globalArn("iam", `oidc-provider/${String(url).replace(/^https:\/\//, "")}`);
        return { arn, id: arn, thumbprint_list: [ids.hex(40)] };
      },
      replacedBy: ["url"],
      unique: { by: ["url"], ...alreadyExists },
    },
  },
  dataSources: {
    aws_iam_policy_document: {
      check(checks, config) {
        for (const statement of blocksOf(config.statement))
          checks.oneOf(statement, "effect", ["Allow", "Deny"], "statement");
      },
      computed: policyDocument,
    },
    aws_iam_policy: {
      computed(config, ids) {
        const arn = textOf(config.arn) ?? ids.globalArn("iam", `policy/${config.name}`);
        return {
          arn,
          id: arn,
          name: lastPart(arn),
          path: "/",
          policy: '{"Version":"2012-10-17","Statement":[]}',
          policy_id: `ANPA${ids.upper(17)}`,
        };
      },
    },
    aws_iam_role: {
      computed: ({ name }, ids) => ({
        id: name,
        arn: ids.globalArn("iam", `role/${name}`),
        unique_id: `AROA${ids.upper(17)}`,
        path: "/",
        assume_role_policy: "{}",
      }),
    },
  },
};
