import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { discoveryService } from "../../../constructs/discovery.ts";
import { yamlencode } from "../../../constructs/encode.ts";
import { FargateService } from "../../../constructs/fargate-service.ts";
import type { FargateSize } from "../../../constructs/fargate-size.ts";
import { TargetGroup } from "../../../constructs/target-group.ts";
import { adminAction } from "../admin-ui/access.ts";
import { SYNAPSE_PORT } from "../homeserver/container.ts";
import { DEREGISTRATION_DELAY, type SynapseProcess, synapseService } from "../homeserver/service.ts";
import { homeserverRule } from "../homeserver-rule.ts";
import { workerRules } from "./paths.ts";
import {
  isWriter,
  REPLICATION_PORT,
  type WorkerCounts,
  type WorkerKind,
  workerConfig,
  workerKinds,
  workersOf,
} from "./workers.ts";

export interface WorkersProps {
  readonly process: SynapseProcess;
  readonly counts: WorkerCounts;
  readonly size: FargateSize;
  readonly namespaceId: string;
  /** The main process, which migrates the database's schema before the workers read it. */
  readonly main: ITerraformDependable;
}

/**
 * Synapse's workers: one service for each process, because each has its own name, and one target group with its listener
 * rules for each kind that receives traffic. The services of a kind are replaced one after the other.
 */
export class Workers extends Construct {
  /** Services by worker name. */
  readonly services: Readonly<Record<string, FargateService>>;
  /** Task role of the worker that mounts the media store. `undefined` if there is none. */
  readonly mediaRoleArn: string | undefined;

  constructor(scope: Construct, id: string, props: WorkersProps) {
    super(scope, id);
    const rules = this.replicationRules(props.process);

    const services: Record<string, FargateService> = {};
    let mediaRoleArn: string | undefined;
    for (const kind of workerKinds) {
      const workers = workersOf({ [kind]: props.counts[kind] ?? 0 });
      if (!workers.length) continue;
      const targetGroup = this.targetGroup(kind, props);
      let before = props.main;
      for (const worker of workers) {
        const service = this.service(worker, props, targetGroup, [props.main, before, ...rules]);
        services[worker.name] = service;
        if (kind === "media") mediaRoleArn = service.task.roleArn;
        before = service.dependable;
      }
    }
    this.services = services;
    this.mediaRoleArn = mediaRoleArn;
  }

  private service(
    worker: { kind: WorkerKind; name: string },
    { process, size, namespaceId }: WorkersProps,
    targetGroup: ReturnType<Workers["targetGroup"]>,
    before: readonly ITerraformDependable[],
  ): FargateService {
    const { kind, name } = worker;
    const { deployment, federation } = process.props;
    const hasMedia = kind === "media";
    const discovery = isWriter(kind)
      ? discoveryService(this, `${name}-discovery`, {
          deployment,
          namespaceId,
          name: `synapse-${name}`,
          description: `Synapse's worker ${name}, for the other processes`,
        })
      : undefined;
    const workerYaml = yamlencode(workerConfig(worker, federation !== undefined));
    const common = synapseService(process, { hasMedia, workerYaml });
    return new FargateService(this, name, {
      ...common,
      name: `${deployment.project}-synapse-${name}`,
      size,
      targetGroup,
      ...(discovery && { discoveryServiceArn: discovery.arn }),
      startsAfter: [...new Set(before), ...common.startsAfter],
    });
  }

  /** `undefined` for a kind that receives no traffic. */
  private targetGroup(kind: WorkerKind, { process: { props }, main }: WorkersProps) {
    const { deployment, network, priorities, federation, adminAccess } = props;
    const own = workerRules
      .map((rule, i) => ({ ...rule, priority: priorities.workers + i }))
      .filter((rule) => rule.kind === kind && (federation || !rule.federation));
    if (!own.length) return undefined;
    const { arn, arnSuffix } = new TargetGroup(this, `${kind}-target-group`, {
      deployment,
      name: `${deployment.project}-syn-${kind}-tg`,
      vpcId: network.vpcId,
      port: SYNAPSE_PORT,
      healthPath: "/health",
      deregistrationDelay: DEREGISTRATION_DELAY,
    });
    const rule = homeserverRule(this, props);
    const rules = own.map(({ id, priority, paths, admin }) =>
      rule(
        `${id}-rule`,
        priority,
        paths,
        admin ? adminAction(adminAccess, arn, "deny") : { forwardTo: arn },
        // From now on these paths answer 503 until the worker is healthy, so the rule waits for the main process.
        { regularExpressions: true, dependsOn: [main] },
      ),
    );
    return { arn, arnSuffix, rules };
  }

  /** The processes share a security group, whose members may connect to each other. */
  private replicationRules({
    securityGroupId,
    props: { deployment },
  }: SynapseProcess): ITerraformDependable[] {
    const rule = {
      securityGroupId,
      description: "Replication between the processes of Synapse",
      referencedSecurityGroupId: securityGroupId,
      ipProtocol: "tcp",
      fromPort: REPLICATION_PORT,
      toPort: REPLICATION_PORT,
      tags: deployment.tags,
    };
    return [
      new VpcSecurityGroupIngressRule(this, "from-processes", rule),
      new VpcSecurityGroupEgressRule(this, "to-processes", rule),
    ];
  }
}
