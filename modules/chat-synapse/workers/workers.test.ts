import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { environment, Template } from "../../../stacks/chat/template.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import { exampleProps } from "../../../tools/servers/synapse.ts";
import { homeserverConfig } from "../homeserver/config.ts";
import { METRICS_PORT, SYNAPSE_PORT } from "../homeserver/container.ts";
import { workerRules } from "./paths.ts";
import {
  maxWorkers,
  REPLICATION_PORT,
  sharedWorkerConfig,
  type WorkerCounts,
  type WorkerTopology,
  workerConfig,
  workerKinds,
  workersOf,
} from "./workers.ts";

const anyCounts: fc.Arbitrary<WorkerCounts> = fc.record(
  Object.fromEntries(workerKinds.map((kind) => [kind, fc.integer({ min: 0, max: maxWorkers[kind] })])),
);
const topology = (counts: WorkerCounts): WorkerTopology => ({
  counts,
  redis: { host: "redis.internal", port: 6379 },
  hostOf: (process) => (process === "main" ? "main.internal" : `${process.name}.internal`),
});
const shared = (counts: WorkerCounts, federates = false) => sharedWorkerConfig(topology(counts), federates);
const every: WorkerCounts = { sync: 2, client: 2, events: 1, streams: 1, media: 1, background: 1 };

describe("the configuration that all processes share", () => {
  it("names only workers that run, and the address of each that writes", () => {
    fc.assert(
      fc.property(anyCounts, fc.boolean(), (counts, federates) => {
        const names = workersOf(counts).map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        const config = shared(counts, federates);
        const instances = new Map(Object.entries(config.instance_map));
        expect(instances.get("main")).toEqual({ host: "main.internal", port: REPLICATION_PORT });
        for (const writer of Object.values(config.stream_writers)) {
          expect(names).toContain(writer);
          expect(instances.get(writer)).toEqual({ host: `${writer}.internal`, port: REPLICATION_PORT });
        }
        for (const instance of instances.keys())
          expect(["main", ...Object.values(config.stream_writers)]).toContain(instance);
        const duties = [
          config.run_background_tasks_on,
          config.update_user_directory_from_worker,
          config.media_instance_running_background_jobs,
          ...(config.pusher_instances ?? []),
          ...(config.federation_sender_instances ?? []),
        ].filter((name) => name !== undefined);
        for (const name of duties) expect(names).toContain(name);
      }),
    );
  });

  it("assigns every documented stream to a worker if every kind runs", () => {
    expect(shared(every).stream_writers).toEqual({
      events: "events-1",
      account_data: "streams-1",
      device_lists: "streams-1",
      presence: "streams-1",
      push_rules: "streams-1",
      receipts: "streams-1",
      to_device: "streams-1",
      typing: "streams-1",
      quarantined_media_changes: "media-1",
    });
  });

  it("turns the media repository off in processes that do not serve media", () => {
    expect(shared({ media: 1 })).toMatchObject({
      enable_media_repo: false,
      media_instance_running_background_jobs: "media-1",
    });
    expect(shared({ sync: 1 })).not.toHaveProperty("enable_media_repo");
  });

  it("assigns cleaning up, pushing, the user directory and federation sending to the background worker", () => {
    expect(shared({ background: 1 }, true)).toMatchObject({
      run_background_tasks_on: "background-1",
      update_user_directory_from_worker: "background-1",
      pusher_instances: ["background-1"],
      federation_sender_instances: ["background-1"],
    });
    expect(shared({ background: 1 })).not.toHaveProperty("federation_sender_instances");
  });

  it("encrypts connections to Redis, and authenticates processes by their secret", () => {
    expect(shared({ sync: 1 })).toMatchObject({
      redis: { enabled: true, host: "redis.internal", port: 6379, use_tls: true },
      worker_replication_secret_path: "/run/synapse/replication_secret",
    });
  });

  it("is absent without workers, and so is the replication listener", () => {
    const config = homeserverConfig(exampleProps);
    for (const key of Object.keys(shared(every))) expect(config).not.toHaveProperty(key);
    expect(JSON.stringify(config.listeners)).not.toContain("replication");
  });

  it("does not change with one more worker that only reads, so that the main process does not restart", () => {
    expect(shared({ ...every, sync: 8, client: 8 })).toEqual(shared(every));
  });
});

describe.each(workerKinds)("a worker %s", (kind) => {
  const config = workerConfig({ kind, name: `${kind}-1` }, true);
  const names = config.worker_listeners.flatMap((listener) =>
    "resources" in listener ? listener.resources.flatMap((resource) => resource.names) : [],
  );

  it("listens for requests and metrics, and for other processes if it writes", () => {
    const writes = JSON.stringify(shared(every).stream_writers).includes(`"${kind}-1"`);
    expect(config.worker_listeners.map(({ port }) => port)).toEqual([
      ...[SYNAPSE_PORT, ...(writes ? [REPLICATION_PORT] : []), METRICS_PORT],
    ]);
    expect(names.includes("replication")).toBe(writes);
  });

  it("serves the paths of its rules", () => {
    const paths = workerRules.filter((rule) => rule.kind === kind).flatMap((rule) => rule.paths);
    const needs = [
      ...(paths.some((path) => path.startsWith("^/_matrix/client/")) && kind !== "media" ? ["client"] : []),
      ...(paths.some((path) => path.startsWith("^/_matrix/federation")) ? ["federation"] : []),
      ...(kind === "media" ? ["media"] : []),
    ].filter((name) => !(kind === "media" && name === "federation"));
    expect(names.filter((name) => name !== "replication")).toEqual(needs.length ? needs : ["health"]);
  });
});

describe("the deployment with workers", () => {
  const template = new Template(environment({ workers: every }));
  const base = "chat_synapse_workers_";
  const service = (name: string) => template.resource(`aws_ecs_service.${base}${name}`);
  const containers = (name: string) =>
    String(template.resource(`aws_ecs_task_definition.${base}${name}_task`)["container_definitions"]);
  const workers = workersOf(every).map(({ name }) => name.replace("-", "_"));

  it("has one service for each worker, which never runs twice", () => {
    const services = Object.keys(template.resources("aws_ecs_service"));
    expect(services.filter((name) => name.startsWith(base)).sort()).toEqual(
      workers.map((worker) => base + worker).sort(),
    );
    for (const worker of workers)
      expect(service(worker)).toMatchObject({
        name: `phenom-dev-synapse-${worker.replace("_", "-")}`,
        desired_count: 1,
        deployment_minimum_healthy_percent: 0,
        deployment_maximum_percent: 100,
        deployment_circuit_breaker: { enable: true, rollback: true },
      });
  });

  it("starts the main process first, and the workers of one kind one after the other", () => {
    for (const worker of workers)
      expect(service(worker)["depends_on"]).toContain("aws_ecs_service.chat_synapse_homeserver");
    expect(service("sync_2")["depends_on"]).toContain(`aws_ecs_service.${base}sync_1`);
    for (const [name, rule] of Object.entries(template.resources("aws_lb_listener_rule")))
      if (name.startsWith(base))
        withMessage(name, () =>
          expect(rule["depends_on"]).toContain("aws_ecs_service.chat_synapse_homeserver"),
        );
  });

  it("puts the workers of one kind behind one target group, and the background worker behind none", () => {
    const group = (name: string) =>
      (service(name)["load_balancer"] as { target_group_arn: string }[] | undefined)?.map(
        ({ target_group_arn }) => target_group_arn,
      );
    expect(group("sync_1")).toEqual([`\${aws_lb_target_group.${base}sync_target_group.arn}`]);
    expect(group("sync_2")).toEqual(group("sync_1"));
    expect(group("background_1")).toBeUndefined();
    expect(service("background_1")).not.toHaveProperty("health_check_grace_period_seconds");
  });

  it("gives workers that write the host names of the configuration", () => {
    const names = Object.values(template.resources("aws_service_discovery_service")).map(({ name }) => name);
    expect(names.sort()).toEqual(["synapse", "synapse-events-1", "synapse-media-1", "synapse-streams-1"]);
    const yaml = String(
      template.resource("aws_secretsmanager_secret_version.chat_synapse_homeserver_config_version")[
        "secret_string"
      ],
    );
    for (const name of names)
      expect(yaml).toContain(
        `"host" = "${name}.\${aws_service_discovery_private_dns_namespace.chat_synapse_namespace.name}"`,
      );
  });

  it("gives every process the same configuration and secrets, and each worker its own file", () => {
    const main = String(
      template.resource("aws_ecs_task_definition.chat_synapse_homeserver_task")["container_definitions"],
    );
    const secrets = (text: string) => /"secrets" = \[.*?\]/.exec(text)?.[0];
    expect(secrets(main)).toContain("SYNAPSE_REPLICATION_SECRET");
    expect(main).not.toContain("SYNAPSE_WORKER_YAML");
    for (const worker of workers) {
      expect(secrets(containers(worker))).toBe(secrets(main));
      expect(containers(worker)).toContain('"name" = "SYNAPSE_WORKER_YAML"');
      expect(containers(worker)).toContain(`"worker_name" = "${worker.replace("_", "-")}"`);
    }
  });

  it("mounts the media store only in the process that serves media", () => {
    const mounted = Object.entries(template.resources("aws_ecs_task_definition"))
      .filter(([, { volume }]) => JSON.stringify(volume ?? []).includes("efs_volume_configuration"))
      .map(([name]) => name);
    expect(mounted).toEqual([`${base}media_1_task`]);
    expect(
      String(template.resource("aws_efs_file_system_policy.chat_synapse_media_policy")["policy"]),
    ).toContain(`"Principal" = {"AWS" = aws_iam_role.${base}media_1_task_role.arn}`);
  });

  it("encrypts Redis and opens it to Synapse's security group only", () => {
    expect(template.resource("aws_elasticache_replication_group.chat_synapse_redis")).toMatchObject({
      at_rest_encryption_enabled: "true",
      transit_encryption_enabled: true,
      transit_encryption_mode: "required",
      security_group_ids: ["${aws_security_group.chat_synapse_redis_security_group.id}"],
    });
    const own = "${aws_security_group.chat_synapse_security_group.id}";
    const ingress = (name: string) => template.resource(`aws_vpc_security_group_ingress_rule.${name}`);
    expect(ingress("chat_synapse_redis_from_synapse")).toMatchObject({
      referenced_security_group_id: own,
      from_port: 6379,
      to_port: 6379,
    });
    expect(ingress(`${base}from_processes`)).toMatchObject({
      security_group_id: own,
      referenced_security_group_id: own,
      from_port: REPLICATION_PORT,
      to_port: REPLICATION_PORT,
    });
  });

  it("has none of these resources without workers", () => {
    const addresses = new Template(environment()).addresses();
    expect(addresses.filter((address) => /worker|elasticache|redis|replication/.test(address))).toEqual([]);
  });
});
