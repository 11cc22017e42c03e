import type { EnvironmentData } from "./schema.ts";

/** Production at chat.thephenom.app. Its inputs come from the remote state of the platform's stack. */
export const production: EnvironmentData = {
  environment: "production",
  project: "phenom-prod",
  production: true,
  region: "us-east-1",
  serverName: "chat.thephenom.app",
  state: {
    bucket: "phenom-prod-terraform-state",
    key: "phenom-chat/production.tfstate",
    region: "us-east-1",
  },
  inputs: {
    from: "remote-state",
    bucket: "phenom-prod-terraform-state",
    key: "phenom-infra/production.tfstate",
    region: "us-east-1",
  },
  implementations: { synapse: true, hasura: true },
  mcp: { backend: "hasura" },
  adminAccess: "cognito",
  contentUrlTemplate: "https://thephenom.app/phenom/{id}",
  images: {
    // The release sets the tags of our own two images: TF_VAR_synapse_image_tag, TF_VAR_mcp_image_tag.
    synapse: { repository: "applepublicdotcom/phenom-synapse" },
    synapseAdmin: { repository: "awesometechnologies/synapse-admin", tag: "0.10.3" },
    mcp: { repository: "applepublicdotcom/phenom-chat-mcp" },
    postgres: { repository: "postgres", tag: "16-alpine" },
    curl: { repository: "curlimages/curl", tag: "8.17.0" },
  },
  services: {
    synapse: { cpu: 512, memory: 1024 },
    synapseAdmin: { cpu: 256, memory: 512 },
    mcp: { cpu: 256, memory: 512, minCount: 1, maxCount: 4 },
  },
  priorities: { adminApi: 199, synapse: 200, adminUi: 201, adminUiRedirect: 202, mcp: 300, workers: 150 },
};
