import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceDefinition } from "./state.ts";
import type { TargetGroup } from "./target-group.ts";
import { Task, type TaskHost } from "./task.ts";
import type { TaskDefinition } from "./task-definition.ts";

const TICK_MS = 200;

/** A deployment of a service, in the words of the ECS API. */
export interface ServiceDeployment {
  readonly id: string;
  readonly definition: TaskDefinition;
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  /** Tasks that did not become healthy. */
  failedTasks: number;
  rolloutStateReason: string;
}

interface ServiceTask {
  readonly task: Task;
  readonly deployment: ServiceDeployment;
  readonly startedAt: number;
  /** Whether it was healthy once. */
  wasHealthy: boolean;
  stopping: boolean;
}

/** What happened, as the service's event log has it. */
export interface ServiceEvent {
  readonly at: Date;
  readonly message: string;
}

export interface ServiceParts {
  readonly host: TaskHost;
  readonly definitionOf: (arn: string) => TaskDefinition;
  readonly targetGroup: (arn: string) => TargetGroup;
  /** Is told the addresses of the running tasks, for service discovery. */
  readonly discover: (registryArn: string, addresses: readonly string[]) => void;
}

/** Keeps the desired number of tasks running, and replaces them in deployments by the rules of ECS. */
export class Service {
  readonly definition: ServiceDefinition;
  readonly deployments: ServiceDeployment[] = [];
  readonly events: ServiceEvent[] = [];
  /** Reasons why tasks stopped, by id, newest last. */
  readonly stopped: { readonly id: string; readonly definition: TaskDefinition; readonly reason: string }[] =
    [];
  desiredCount: number;
  readonly #parts: ServiceParts;
  readonly #tasks = new Set<ServiceTask>();
  readonly #ending = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(definition: ServiceDefinition, parts: ServiceParts) {
    this.definition = definition;
    this.#parts = parts;
    this.desiredCount = definition.desired_count;
  }

  get primary(): ServiceDeployment {
    const [primary] = this.deployments;
    if (!primary) throw new Error(`${this.definition.name} has no deployment`);
    return primary;
  }

  /** Tasks that run and are not about to stop. */
  get tasks(): readonly Task[] {
    return [...this.#tasks].filter(({ stopping }) => !stopping).map(({ task }) => task);
  }

  get isStable(): boolean {
    const current = [...this.#tasks].filter(({ deployment }) => deployment === this.primary);
    return (
      this.primary.rolloutState === "COMPLETED" &&
      current.filter((each) => this.#isHealthy(each)).length === this.desiredCount &&
      this.#tasks.size === this.desiredCount
    );
  }

  /** Starts a deployment of a task definition; the first one also starts the service. */
  deploy(definitionArn: string): ServiceDeployment {
    const definition = this.#parts.definitionOf(definitionArn);
    const deployment: ServiceDeployment = {
      ...{ id: `ecs-svc/${randomUUID()}`, definition, failedTasks: 0 },
      ...{ rolloutState: "IN_PROGRESS", rolloutStateReason: "ECS deployment in progress." },
    };
    this.deployments.unshift(deployment);
    this.#running ??= this.#run();
    return deployment;
  }

  /**
   * Waits until the service is stable.
   *
   * @throws Error with the reasons of stopped tasks after `timeoutSeconds`, or when a deployment fails
   */
  async untilStable(timeoutSeconds = 120): Promise<void> {
    const deadline = performance.now() + timeoutSeconds * 1000;
    const { primary } = this;
    while (!this.isStable) {
      if (primary.rolloutState === "FAILED")
        throw new Error(`${this.definition.name}: ${this.#why(primary)}`);
      if (performance.now() > deadline)
        throw new Error(
          `${this.definition.name} is not stable after ${timeoutSeconds} s. ${this.#why(primary)}`,
        );
      await delay(TICK_MS);
    }
  }

  /** As StopTask: the target group sends no more requests, then SIGTERM. */
  async stopTask(id: string): Promise<void> {
    const found = [...this.#tasks].find(({ task }) => task.id === id);
    if (!found) throw new Error(`${this.definition.name} runs no task ${id}`);
    await this.#end(found, "Task stopped by user");
  }

  /** Ends every task as a deletion of the service does, after its target group sends no more requests. */
  async drain(): Promise<void> {
    this.desiredCount = 0;
    await this.untilStable();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
    await Promise.all([...this.#tasks].map(({ task }) => task.stop()));
    await Promise.all(this.#ending);
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      this.#review();
      await this.#reconcile();
      await delay(TICK_MS);
    }
  }

  #isHealthy({ task, stopping }: ServiceTask): boolean {
    const group = this.#targetGroup();
    return (
      !stopping &&
      (!task.hasHealthCheck || task.health === "HEALTHY") &&
      (!group || group.stateOf(task.interface.address) === "healthy")
    );
  }

  /** Notices tasks that ended or became unhealthy, and deployments that are complete or have failed. */
  #review(): void {
    for (const each of this.#tasks) {
      if (each.stopping) continue;
      if (this.#isHealthy(each)) each.wasHealthy = true;
      const reason = this.#problem(each);
      if (reason === undefined) continue;
      if (!each.wasHealthy) each.deployment.failedTasks++;
      this.#track(this.#end(each, reason));
    }
    const { primary } = this;
    const healthy = [...this.#tasks].filter((each) => each.deployment === primary && this.#isHealthy(each));
    const others = [...this.#tasks].some(({ deployment }) => deployment !== primary);
    if (primary.rolloutState === "IN_PROGRESS" && healthy.length >= this.desiredCount && !others) {
      primary.rolloutState = "COMPLETED";
      primary.rolloutStateReason = "ECS deployment completed.";
      this.deployments.splice(1);
      this.#say(`(service ${this.definition.name}) has reached a steady state.`);
    }
    if (primary.rolloutState === "IN_PROGRESS" && primary.failedTasks >= this.#threshold())
      this.#fail(primary);
  }

  /** ECS's circuit breaker: half of the desired count, at least 3 and at most 200 (ECS developer guide). */
  #threshold(): number {
    const { enable } = this.definition.deployment_circuit_breaker;
    return enable ? Math.min(200, Math.max(3, Math.ceil(this.desiredCount / 2))) : Number.POSITIVE_INFINITY;
  }

  #fail(deployment: ServiceDeployment): void {
    deployment.rolloutState = "FAILED";
    deployment.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
    const previous = this.deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
    if (!previous || !this.definition.deployment_circuit_breaker.rollback) return;
    this.#say(`(service ${this.definition.name}) rolling back to deployment ${previous.id}.`);
    this.deployments.splice(this.deployments.indexOf(previous), 1);
    this.deployments.unshift(previous);
    previous.rolloutState = "IN_PROGRESS";
  }

  #problem({ task, startedAt }: ServiceTask): string | undefined {
    for (const { name, essential } of task.definition.containers) {
      const { exited } = task.container(name);
      if (essential && exited)
        return `Essential container in task exited: ${name}, exit code ${exited.code}: ${task.container(name).lines.slice(-3).join(" | ")}`;
    }
    if (task.health === "UNHEALTHY") return "Task failed container health checks";
    const grace = this.definition.health_check_grace_period_seconds ?? 0;
    const inGrace = performance.now() - startedAt < grace * 1000;
    const state = this.#targetGroup()?.stateOf(task.interface.address);
    return state === "unhealthy" && !inGrace ? "Task failed ELB health checks" : undefined;
  }

  /** Starts and stops tasks within the deployment's percentages. */
  async #reconcile(): Promise<void> {
    const { primary, desiredCount, definition } = this;
    if (primary.rolloutState === "FAILED") return;
    const active = [...this.#tasks].filter(({ stopping }) => !stopping);
    const current = active.filter(({ deployment }) => deployment === primary);
    const outdated = active.filter(({ deployment }) => deployment !== primary);
    const most = Math.floor((desiredCount * definition.deployment_maximum_percent) / 100);
    const least = Math.ceil((desiredCount * definition.deployment_minimum_healthy_percent) / 100);
    const healthy = active.filter((each) => this.#isHealthy(each)).length;
    const surplus = current.slice(desiredCount);
    const mayStop = Math.max(0, healthy - least);
    // Tasks that never were healthy do not count for the minimum.
    const stoppable = outdated.sort((a, b) => Number(this.#isHealthy(a)) - Number(this.#isHealthy(b)));
    let allowed = mayStop;
    for (const each of [...stoppable, ...surplus]) {
      if (this.#isHealthy(each) && allowed-- <= 0) break;
      this.#track(this.#end(each, "Scaling activity initiated by deployment"));
    }
    const room = Math.min(desiredCount - current.length, most - this.#tasks.size);
    for (let started = 0; started < room; started++) await this.#start(primary);
  }

  async #start(deployment: ServiceDeployment): Promise<void> {
    const id = randomUUID().replaceAll("-", "");
    try {
      const task = await Task.start(id, deployment.definition, this.#parts.host);
      this.#tasks.add({ task, deployment, startedAt: performance.now(), wasHealthy: false, stopping: false });
      const group = this.#targetGroup();
      const [balanced] = this.definition.load_balancer;
      if (group && balanced) group.register(task.interface.address, balanced.container_port);
      this.#discover();
    } catch (error) {
      deployment.failedTasks++;
      const reason = error instanceof Error ? error.message : String(error);
      this.#stopped(id, deployment.definition, reason);
    }
  }

  #stopped(id: string, definition: TaskDefinition, reason: string): void {
    this.stopped.push({ id, definition, reason });
    this.#say(`(service ${this.definition.name}) stopped task ${id}: ${reason}`);
  }

  async #end(each: ServiceTask, reason: string): Promise<void> {
    each.stopping = true;
    this.#discover();
    await this.#targetGroup()?.deregister(each.task.interface.address);
    await each.task.stop();
    this.#tasks.delete(each);
    this.#stopped(each.task.id, each.task.definition, reason);
  }

  #track(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  #discover(): void {
    for (const { registry_arn } of this.definition.service_registries ?? [])
      this.#parts.discover(
        registry_arn,
        this.tasks.map((task) => task.interface.address),
      );
  }

  #targetGroup(): TargetGroup | undefined {
    const [balanced] = this.definition.load_balancer;
    return balanced && this.#parts.targetGroup(balanced.target_group_arn);
  }

  #why({ rolloutStateReason }: ServiceDeployment): string {
    return [rolloutStateReason, ...this.stopped.slice(-3).map(({ reason }) => reason)].join(" ");
  }

  #say(message: string): void {
    this.events.unshift({ at: new Date(), message });
  }
}
