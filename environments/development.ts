import type { EnvironmentData } from "./schema.ts";

/** Both implementations side by side, for the evaluation at chat-testing.thephenom.app. */
export const development: EnvironmentData = {
  environment: "development",
  project: "phenom-dev",
  production: false,
  region: "us-east-1",
  serverName: "chat-testing.thephenom.app",
  state: {
    bucket: "phenom-dev-terraform-state",
    key: "phenom-chat/development.tfstate",
    region: "us-east-1",
  },
  inputs: { from: "variables" },
  implementations: { synapse: true, hasura: true },
  mcp: { backend: "hasura" },
  adminAccess: "cognito",
  // The platform's group of the ECS tasks has both rules already.
  ingressRules: { mcpFromAlb: "platform", adminUiFromAlb: "platform" },
  contentUrlTemplate: "https://thephenom.app/phenom/{id}",
  images: {
    synapse: { repository: "applepublicdotcom/phenom-synapse", tag: "testing" },
    synapseAdmin: { repository: "awesometechnologies/synapse-admin", tag: "latest" },
    mcp: { repository: "applepublicdotcom/phenom-chat-mcp", tag: "testing" },
    postgres: { repository: "postgres", tag: "16-alpine" },
    curl: { repository: "curlimages/curl", tag: "8.17.0" },
  },
  services: {
    synapse: { cpu: 512, memory: 1024 },
    synapseAdmin: { cpu: 256, memory: 512 },
    mcp: { cpu: 256, memory: 512, minCount: 1, maxCount: 2 },
  },
  priorities: { adminApi: 199, synapse: 200, adminUi: 201, adminUiRedirect: 202, mcp: 300, workers: 150 },
};
