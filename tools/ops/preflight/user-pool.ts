import {
  AdminListGroupsForUserCommand,
  DescribeUserPoolCommand,
  paginateListGroups,
  type UserPoolType,
} from "@aws-sdk/client-cognito-identity-provider";
import { groups as toolGroups } from "../../../mcp-server/auth/caller.ts";
import { rooms } from "../../../shared/chat-rooms.ts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { listed, type PreflightCheck, type Subject, unless } from "./check.ts";
import { readSecret } from "./secrets.ts";

/** The user pool with its domain and groups, free triggers, and the agent's account. */
export const userPool: PreflightCheck = {
  name: "user-pool",
  async run(subject) {
    const what = "user pool";
    const remedy = "Correct cognito_user_pool_id, or the region or account";
    let pool: UserPoolType | undefined;
    const own = await finding(what, remedy, async () => {
      const { UserPool } =
        (await unless(
          ["ResourceNotFoundException"],
          subject.aws.cognito.send(
            new DescribeUserPoolCommand({ UserPoolId: subject.inputs.get("userPoolId") }),
          ),
        )) ?? {};
      pool = UserPool;
      return pool ? passed(what, `${pool.Id} ${pool.Name}`) : failed(what, "does not exist", remedy);
    });
    return pool
      ? [
          own,
          await domain(subject, pool),
          await groups(subject),
          ...triggers(subject, pool),
          await agent(subject),
        ]
      : [own];
  },
};

function domain({ inputs }: Subject, { Arn, Domain, Id }: UserPoolType): Promise<Finding> {
  const what = "sign-in domain";
  const remedy = "Take all inputs cognito_… from the one pool, which needs a domain of Cognito's own";
  return finding(what, remedy, async () => {
    const [arn, wanted] = [inputs.get("userPoolArn"), inputs.get("cognitoDomain")];
    const differences = [
      ...(Domain === wanted ? [] : [`cognito_domain is ${wanted}, the pool's ${Domain ?? "missing"}`]),
      ...(arn.endsWith(`:userpool/${Id}`) && (!Arn || arn === Arn)
        ? []
        : [`cognito_user_pool_arn is ${arn}`]),
    ];
    return differences.length ? failed(what, differences.join("; "), remedy) : passed(what, wanted);
  });
}

/** Groups that open tools, and groups that open rooms; everyone joins Community. */
const neededGroups = [...toolGroups, ...Object.keys(rooms).filter((room) => room !== "community")];

function groups({ aws, inputs }: Subject): Promise<Finding> {
  const what = "Cognito groups";
  const UserPoolId = inputs.get("userPoolId");
  return finding(what, "", async () => {
    const names: string[] = [];
    for await (const { Groups = [] } of paginateListGroups({ client: aws.cognito }, { UserPoolId }))
      names.push(...Groups.map(({ GroupName = "" }) => GroupName));
    const missing = neededGroups.filter((name) => !names.includes(name));
    return missing.length
      ? failed(
          what,
          `missing: ${listed(missing)}`,
          missing
            .map((name) => `aws cognito-idp create-group --user-pool-id ${UserPoolId} --group-name ${name}`)
            .join("; "),
        )
      : passed(what, listed(neededGroups));
  });
}

/** The pool's owner attaches our functions; a trigger holds one function only. */
function triggers({ stack }: Subject, { LambdaConfig = {} }: UserPoolType): Finding[] {
  const ours = stack.resources
    .filter(({ type }) => type === "aws_lambda_function")
    .map(({ config }) => `:function:${config.function_name}`);
  const attached = {
    "post-authentication trigger": LambdaConfig.PostAuthentication,
    "post-confirmation trigger": LambdaConfig.PostConfirmation,
    "pre-token-generation trigger":
      LambdaConfig.PreTokenGenerationConfig?.LambdaArn ?? LambdaConfig.PreTokenGeneration,
  };
  return Object.entries(attached).map(([what, arn]) => {
    if (!arn) return passed(what, "free");
    return ours.some((end) => arn.endsWith(end))
      ? passed(what, arn)
      : failed(
          what,
          `held by ${arn}`,
          "A trigger holds one function: ask the pool's owner to call ours from that one, or to give it up",
        );
  });
}

/** The account that the MCP server signs in to Hasura with. */
function agent({ aws, inputs }: Subject): Promise<Finding> {
  const what = "agent's account";
  const remedy = "Make it: npm run ops -- create-user <environment> <name> --group agent";
  return finding(what, remedy, async () => {
    const { AGENT_USERNAME = "" } = await readSecret(aws, inputs.get("agentSecretArn"));
    const user = { UserPoolId: inputs.get("userPoolId"), Username: AGENT_USERNAME };
    const found = await unless(
      ["UserNotFoundException"],
      aws.cognito.send(new AdminListGroupsForUserCommand(user)),
    );
    if (!found) return failed(what, `the pool has no user ${AGENT_USERNAME}`, remedy);
    const names = (found.Groups ?? []).map(({ GroupName = "" }) => GroupName);
    return toolGroups.some((group) => names.includes(group))
      ? passed(what, `${AGENT_USERNAME} in ${listed(names)}`)
      : failed(what, `${AGENT_USERNAME} is in none of ${listed(toolGroups)}`, remedy);
  });
}
