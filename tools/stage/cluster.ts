import { randomUUID } from "node:crypto";
import { stopAll } from "../servers/program.ts";
import type { Applied } from "./applied.ts";
import type { OneShot } from "./ecs-api.ts";
import { Service } from "./service.ts";
import { discoveryNames, services, targetGroups } from "./state.ts";
import { TargetGroup } from "./target-group.ts";
import { Task, type TaskHost } from "./task.ts";
import { parseTaskDefinition, type TaskDefinition } from "./task-definition.ts";

/** Task definitions, services and target groups of an applied state, with the tasks that run of them. */
export class Cluster {
  readonly services = new Map<string, Service>();
  readonly targetGroups = new Map<string, TargetGroup>();
  readonly #definitions = new Map<string, TaskDefinition>();
  readonly #host: TaskHost;
  readonly #discover: (name: string, addresses: readonly string[]) => void;
  readonly #stops: (() => Promise<unknown>)[] = [];
  #registries: ReadonlyMap<string, string> = new Map();

  /** @param discover is told the addresses of each Cloud Map name */
  constructor(host: TaskHost, discover: (name: string, addresses: readonly string[]) => void) {
    this.#host = host;
    this.#discover = discover;
  }

  /** Takes over what an apply made. Services that are new do not run yet. */
  take(applied: Applied): void {
    for (const values of applied.resources("aws_ecs_task_definition")) {
      const definition = parseTaskDefinition(values);
      this.#definitions.set(definition.arn, definition);
    }
    this.#registries = discoveryNames(applied);
    for (const group of targetGroups(applied))
      if (!this.targetGroups.has(group.arn))
        this.targetGroups.set(group.arn, new TargetGroup(group, this.#host.haste));
    for (const definition of services(applied)) {
      if (this.services.has(definition.name)) continue;
      const service = new Service(definition, {
        host: this.#host,
        definitionOf: (arn) => this.#definitionOf(arn),
        targetGroup: (arn) => this.targetGroup(arn),
        discover: (registry, addresses) => this.#discover(this.#registries.get(registry) ?? "", addresses),
      });
      this.services.set(definition.name, service);
      this.#stops.push(() => service.stop());
    }
  }

  /** Deploys what an apply changed, as ECS does on Terraform's CreateService, UpdateService and DeleteService. */
  async update(applied: Applied): Promise<void> {
    const before = new Map(this.services);
    this.take(applied);
    for (const { name, desired_count, task_definition } of services(applied)) {
      const service = this.services.get(name);
      const isNew = !before.delete(name);
      // A service that was there and has no deployment waits for its turn on the first day.
      if (!service || !(isNew || service.deployments.length > 0)) continue;
      service.desiredCount = desired_count;
      if (service.deployments[0]?.definition.arn !== task_definition) service.deploy(task_definition);
    }
    for (const [name, removed] of before) {
      this.services.delete(name);
      if (removed.deployments.length > 0) await removed.drain();
      await removed.stop();
    }
  }

  get definitions(): readonly TaskDefinition[] {
    return [...this.#definitions.values()];
  }

  targetGroup(arn: string): TargetGroup {
    const group = this.targetGroups.get(arn);
    if (!group) throw new Error(`there is no target group ${arn}`);
    return group;
  }

  /** Starts a task outside a service. @throws TaskDefinitionError where it can't start */
  async run(definition: TaskDefinition, overrides: Record<string, readonly string[]> = {}): Promise<OneShot> {
    const task = await Task.start(randomUUID().replaceAll("-", ""), definition, this.#host, { overrides });
    const result = task.exit.then(async (exit) => {
      await task.stop();
      return exit;
    });
    this.#stops.push(() => task.stop());
    return { task, result };
  }

  /** Stops every task, and the health checks of the target groups. */
  stop(): Promise<void> {
    for (const group of this.targetGroups.values()) group.stop();
    return stopAll(this.#stops);
  }

  #definitionOf(arn: string): TaskDefinition {
    const definition = this.#definitions.get(arn);
    if (!definition) throw new Error(`there is no task definition ${arn}`);
    return definition;
  }
}
