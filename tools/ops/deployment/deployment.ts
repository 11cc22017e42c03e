import * as z from "zod";
import { type ImportedResource, readImports } from "../../../environments/imports.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import { rooms, roomsMissing } from "../checks/rooms.ts";
import type { Context } from "../context.ts";
import { explain } from "../explain.ts";
import { oneShotRun, runOneShot } from "../one-shot.ts";
import { type Outputs, parseOutputs, parseTaskOutputs, type TaskOutputs } from "../outputs.ts";
import { type RollbackTarget, rollBack } from "../rollback.ts";
import { describeServices, revisionOf, waitUntilStable } from "../services.ts";
import { type Verification, verify } from "../verification.ts";
import { type AdoptedSecret, adoptedSecrets, adoptedServices, restoreSecrets } from "./adopted.ts";
import { checkWithin } from "./plan.ts";
import type { SavedPlan, Terraform } from "./terraform.ts";

/** The parts of Terraform that a deployment uses. */
export type TerraformCommands = Pick<Terraform, "addressesOf" | "plan" | "apply" | "outputs">;

/** Tasks that run before the services, in order. */
const databaseTasks = ["database_setup", "migration"] as const;

/** Outputs that every version of the stack has. */
const accountOutput = z.object({ account_id: z.object({ value: z.string() }) });
const servicesOutput = z.object({
  cluster: z.object({ value: z.string() }),
  services: z.object({
    value: z.record(
      z.string(),
      z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
    ),
  }),
});

/** What ran when the deployment started. */
interface Before {
  readonly cluster: string;
  readonly services: readonly {
    readonly part: string;
    readonly name: string;
    readonly taskDefinition: string;
  }[];
  /** Secrets to restore with the services: those of an environment that this deployment adopts. */
  readonly adoptedSecrets: readonly AdoptedSecret[];
}

/**
 * What runs in the environment now; `undefined` if it was never applied and adopts no services.
 * @throws Problem for another account
 */
export async function runningBefore(
  context: Context,
  terraform: TerraformCommands,
  imports: readonly ImportedResource[] = readImports(context.environment.environment),
): Promise<Before | undefined> {
  const json: unknown = JSON.parse(await terraform.outputs());
  const account = accountOutput.safeParse(json).data?.account_id.value;
  if (account) await context.checkAccount(account);
  const outputs = servicesOutput.safeParse(json).data;
  if (outputs) {
    const services = await live(context, outputs.cluster.value, Object.entries(outputs.services.value));
    return { cluster: outputs.cluster.value, services, adoptedSecrets: [] };
  }
  const adopted = adoptedServices(imports);
  if (!adopted) return undefined;
  const { cluster, names } = adopted;
  const services = await live(
    context,
    cluster,
    names.map((name) => [name, name]),
  );
  return { cluster, services, adoptedSecrets: await adoptedSecrets(context, imports) };
}

async function live(
  context: Context,
  cluster: string,
  names: readonly (readonly [part: string, name: string])[],
): Promise<Before["services"]> {
  const found = await describeServices(
    context,
    cluster,
    names.map(([, name]) => name),
  );
  return names.flatMap(([part, name]) => {
    const taskDefinition = found.get(name)?.taskDefinition;
    return taskDefinition ? [{ part, name, taskDefinition }] : [];
  });
}

/**
 * One deployment. The tasks that change the database are applied and run first, so that old code meets the new schema
 * and never the other way round. Then the rest is applied, and ECS rolls it out. Where that, the metadata or the
 * verification fails, the services are rolled back to what they ran.
 */
export class Deployment {
  readonly #context: Context;
  readonly #terraform: TerraformCommands;
  readonly #confirmed: SavedPlan;
  readonly #before: Before | undefined;
  readonly #afterApply: () => Promise<void> | undefined;

  /** @param afterApply runs once everything is applied, before the tasks that come after. @default - nothing */
  constructor(
    context: Context,
    terraform: TerraformCommands,
    confirmed: SavedPlan,
    before: Before | undefined,
    afterApply: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#context = context;
    this.#terraform = terraform;
    this.#confirmed = confirmed;
    this.#before = before;
    this.#afterApply = afterApply;
  }

  /** @returns the exit code: 0, or that of a deployment that was rolled back */
  async run(verification: Verification): Promise<number> {
    await this.#prepareDatabase();
    try {
      const outputs = await this.#applyRest();
      await this.#afterApply();
      await this.#runAfter(outputs, verification);
      this.#step("verify");
      const exitCode = await verify({ context: this.#context, outputs, rolledBack: {} }, verification);
      if (exitCode === EXIT.ok) return EXIT.ok;
      throw new Problem("the verification failed", "The table above lists the failures and their remedies");
    } catch (error) {
      return this.#rollBack(explain(error));
    }
  }

  /** No service changes here, so that a failure needs no rollback. */
  async #prepareDatabase(): Promise<void> {
    const targets = databaseTasks.flatMap((part) => this.#terraform.addressesOf(part));
    this.#step("apply what the database tasks need");
    const plan = await this.#terraform.plan(targets);
    checkWithin(plan.changes, this.#confirmed.changes, "what was confirmed");
    await this.#terraform.apply(plan);
    const { environment } = this.#context.environment;
    const outputs = parseTaskOutputs(await this.#terraform.outputs(), environment, "terraform output");
    await this.#context.checkAccount(outputs.account_id);
    for (const part of databaseTasks) {
      if (!outputs.one_shot_tasks[part]) continue;
      this.#step(`run ${part}`);
      await this.#runTask(outputs, part, "The services run as before: correct the failure and deploy again");
    }
  }

  async #applyRest(): Promise<Outputs> {
    this.#step("apply the rest");
    const plan = await this.#terraform.plan();
    checkWithin(plan.changes, this.#confirmed.changes, "what was confirmed");
    await this.#terraform.apply(plan);
    const { environment } = this.#context.environment;
    const outputs = parseOutputs(await this.#terraform.outputs(), environment, "terraform output");
    this.#step("wait for the services");
    const wanted = Object.values(outputs.services).map(({ name, task_definition }) => ({
      name,
      taskDefinition: task_definition,
    }));
    await waitUntilStable(this.#context, outputs.cluster, wanted);
    return outputs;
  }

  async #runAfter(outputs: Outputs, verification: Verification): Promise<void> {
    // Bootstrap also joins people to rooms, so after the first time the operator decides when it runs.
    const parts = (await this.#roomsMissing(outputs, verification))
      ? (["bootstrap", "metadata"] as const)
      : (["metadata"] as const);
    for (const part of parts) {
      if (!outputs.one_shot_tasks[part]) continue;
      this.#step(`run ${part}`);
      await this.#runTask(outputs, part, "Its log above says what to do; then deploy again");
    }
  }

  /** They are missing where Synapse is new, or an earlier deployment failed before it created them. */
  async #roomsMissing({ urls }: Outputs, { checks }: Verification): Promise<boolean> {
    if (!urls.homeserver) return false;
    if (!this.#before?.services.some(({ part }) => part === "synapse")) return true;
    return checks.includes(rooms) && roomsMissing(urls.homeserver, this.#context.environment.serverName);
  }

  async #runTask({ one_shot_tasks }: TaskOutputs, part: string, remedy: string): Promise<void> {
    const task = one_shot_tasks[part];
    if (!task) return;
    const exitCode = await runOneShot(this.#context, oneShotRun(task));
    if (exitCode !== 0) throw new Problem(`${task.family} failed with exit code ${exitCode}`, remedy);
  }

  /** Rolls every service that changed back to what it ran. */
  async #rollBack(failure: Problem): Promise<number> {
    const { report } = this.#context;
    report.progress(`failed: ${failure.message}`);
    if (!this.#before?.services.length) {
      report.progress("first deployment: there is nothing to roll back to");
      throw failure;
    }
    this.#step("roll back");
    try {
      await restoreSecrets(this.#context, this.#before.adoptedSecrets);
      await rollBack(this.#context, this.#before.cluster, await this.#rollbackTargets(this.#before));
    } catch (error) {
      const { message, remedy } = explain(error);
      throw new Problem(
        `${failure.message}\nand the rollback failed: ${message}`,
        `${remedy}. Then: npm run ops -- rollback ${this.#context.environment.environment} <service> --to <revision>`,
        EXIT.stuck,
        { cause: error },
      );
    }
    const running = this.#before.services.map(({ taskDefinition }) => revisionOf(taskDefinition)).join(", ");
    throw new Problem(
      `${failure.message}\nrolled back: the services run ${running}. The database keeps its new schema, which their code can use`,
      `${failure.remedy}. Terraform still wants the newer task definitions: the next deployment tries them again`,
      EXIT.rolledBack,
      { cause: failure },
    );
  }

  async #rollbackTargets({ cluster, services }: Before): Promise<RollbackTarget[]> {
    const live = await describeServices(
      this.#context,
      cluster,
      services.map(({ name }) => name),
    );
    return services.flatMap(({ part, name, taskDefinition: to }) => {
      const from = live.get(name)?.taskDefinition;
      return from && from !== to ? [{ part, name, from, to }] : [];
    });
  }

  #step(name: string): void {
    this.#context.report.progress(`== ${name}`);
  }
}
