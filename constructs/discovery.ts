import { ServiceDiscoveryService } from "@cdktf/provider-aws/lib/service-discovery-service";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";

/** DNS name of a service's tasks inside the VPC: `<name>.<namespace>`, up to date within seconds. */
export const discoveryService = (
  scope: Construct,
  id: string,
  {
    deployment,
    namespaceId,
    name,
    description,
  }: { deployment: Deployment; namespaceId: string; name: string; description: string },
) =>
  new ServiceDiscoveryService(scope, id, {
    name,
    description,
    // ECS registers a task when it starts, and with this block lets DNS name it only while its container health check
    // passes. It can't be added later without a new service, and an empty block is not sent by the provider, which is
    // why the deprecated argument is there: AWS takes 1 and nothing else.
    healthCheckCustomConfig: { failureThreshold: 1 },
    dnsConfig: { namespaceId, routingPolicy: "MULTIVALUE", dnsRecords: [{ type: "A", ttl: 10 }] },
    tags: deployment.tags,
  });
