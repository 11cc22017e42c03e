import { platformStack } from "../../../environments/stack-names.ts";
import { EXIT } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { Deployment, runningBefore } from "../deployment/deployment.ts";
import { whileDeploying } from "../deployment/marker.ts";
import { type Change, checkWithin, notIn, readReviewed, summaryLines } from "../deployment/plan.ts";
import { PlatformDeployment } from "../deployment/platform.ts";
import { Terraform } from "../deployment/terraform.ts";
import type { Verb } from "../verb.ts";
import { checksToRun, skipOption, type Verification, waitOption } from "../verification.ts";

export const deploy: Verb = ({ verb, run }) =>
  verb("deploy", "apply the stack: database first, then the services; verify, and roll back on failure")
    .option(
      "--plan-check <file>",
      "reviewed plan, as terraform show -json prints it: stop if the new plan would change more",
    )
    .option(
      "--platform",
      "also apply the platform's stack: before the chat, and again once its functions exist",
    )
    .addOption(skipOption())
    // 30 times, 10 seconds apart.
    .addOption(waitOption(5))
    .action((data, { planCheck, platform, ...options }) =>
      run(data, options, (context) => {
        const verification = { checks: checksToRun(options), wait: options.wait };
        return runDeployment(context, verification, {
          ...(platform && { platform }),
          ...(planCheck !== undefined && { reviewed: readReviewed(planCheck) }),
        });
      }),
    );

interface DeploymentOptions {
  /** Changes that may be applied. @default - those that are confirmed */
  readonly reviewed?: readonly Change[];
  /** Terraform variables as environment variables. @default - those of this process */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether the platform's stack is deployed too. @default false */
  readonly platform?: boolean;
}

/** Plans, asks, and deploys. @returns the exit code */
export async function runDeployment(
  context: Context,
  verification: Verification,
  { reviewed, variables, platform = false }: DeploymentOptions,
): Promise<number> {
  const { environment, report } = context;
  const terraform = new Terraform(environment.environment, report, variables);
  const platformTerraform = platform
    ? new Terraform(platformStack(environment.environment), report, variables)
    : undefined;
  const passes = platformTerraform && new PlatformDeployment(context, platformTerraform);
  try {
    // Terraform would say it late, and at length.
    await context.caller();
    await terraform.synthesise();
    await platformTerraform?.initialise();
    // Without the platform there is nothing yet that the chat could be planned on.
    if (passes && !(await passes.first())) return EXIT.ok;
    await terraform.initialise();
    const before = await runningBefore(context, terraform);
    report.progress("planning");
    const plan = await terraform.plan();
    for (const line of summaryLines(plan.changes)) report.line(line);
    report.result({ changes: plan.changes.map(({ address, action }) => ({ address, action })) });
    if (reviewed) {
      checkWithin(plan.changes, reviewed, "what was reviewed");
      for (const { action, address } of notIn(plan.changes, reviewed))
        report.progress(`reviewed and applied already: ${action} ${address}`);
    }
    const steps = [
      "apply and run the database tasks",
      `apply ${plan.changes.length} changes in all`,
      "wait for the services, run the tasks that come after, and verify",
      before?.services.length
        ? `on failure roll back ${before.services.map(({ name }) => name).join(", ")}`
        : "stop at the first failure, since nothing ran before that could be restored",
    ];
    if (!(await context.confirm(steps))) return EXIT.ok;
    const deployment = new Deployment(context, terraform, plan, before, () => passes?.second());
    const exitCode = await whileDeploying(context, () => deployment.run(verification));
    report.line(`deployed ${environment.environment}`);
    return exitCode;
  } finally {
    platformTerraform?.close();
    terraform.close();
  }
}
