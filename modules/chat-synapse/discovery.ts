import { ServiceDiscoveryService } from "@cdktf/provider-aws/lib/service-discovery-service";
import type { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";

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
    dnsConfig: { namespaceId, routingPolicy: "MULTIVALUE", dnsRecords: [{ type: "A", ttl: 10 }] },
    tags: deployment.tags,
  });
