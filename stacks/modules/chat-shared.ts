import { TerraformOutput } from "cdktf";
import { ChatShared } from "../../modules/chat-shared/index.ts";
import { common, flag, serverName, shared } from "./inputs.ts";
import type { TerraformModule } from "./module.ts";
import { MAIN, ModuleStack, text } from "./module-stack.ts";

export const chatShared: TerraformModule<"adminSignIn"> = {
  name: "chat-shared",
  choices: { adminSignIn: "var.admin_sign_in" },
  build({ adminSignIn }) {
    const stack = new ModuleStack("chat-shared");
    const variables = stack.variables({
      ...common,
      cognito_user_pool_id: shared.cognito_user_pool_id,
      cognito_domain: shared.cognito_domain,
      synapse_server_name: serverName,
      identity_providers: {
        type: "list(string)",
        description:
          "Identity providers of the user pool that people sign in with; COGNITO is the pool's own",
        default: ["COGNITO"],
      },
      admin_sign_in: flag(
        "Whether the load balancer signs people in on the admin paths, for which it needs a client",
      ),
    });
    const { cognito_user_pool_id, cognito_domain, synapse_server_name } = variables;
    const module = new ChatShared(stack, MAIN, {
      deployment: stack.deployment(variables),
      userPoolId: cognito_user_pool_id.string,
      serverName: synapse_server_name.string,
      synapse: true,
      adminSignIn,
      identityProviders: variables.identity_providers.list,
      signInSettings: { userPoolId: cognito_user_pool_id.string, domain: cognito_domain.string },
    });
    const output = (name: string, description: string, value: string, sensitive = false) =>
      new TerraformOutput(stack, name, { description, value, sensitive });
    output("synapse_oidc_client_id", "Client id of Synapse", module.synapseClientId ?? "");
    output(
      "synapse_oidc_client_secret",
      "Client secret of Synapse, for chat-synapse",
      text("aws_cognito_user_pool_client.synapse_oidc.client_secret"),
      true,
    );
    output("agent_client_id", "Client id of the agents and the MCP server", module.agentClientId);
    output("mcp_client_id", "Client id through which the MCP server signs people in", module.mcpClientId);
    output(
      "admin_client_id",
      "Client id of the load balancer for the admin paths; null without admin_sign_in",
      text("one(aws_cognito_user_pool_client.admin_ui[*].id)"),
    );
    output(
      "clients_secret_arn",
      "Secret with the ids and secrets of the clients, and what the MCP server signs people in with",
      module.clientsSecretArn,
    );
    return stack;
  },
};
